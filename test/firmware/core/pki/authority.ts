// A machine CA of its own for a test, and openssl as the foreign judge of what it issues.

import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { domainOf } from "../../../../firmware/core/pki/names.ts";
import type { KeyPair } from "../../../../firmware/core/pki/orders.ts";
import { permittedSubnets } from "../../../../firmware/core/pki/permitted-subnets.ts";
import { writeAuthority, writeMachine, writeServer } from "../../../../firmware/core/pki/write-certificate.ts";
import type { Defer } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";

export const GATEWAY = "gw-1";
export const DOMAIN = domainOf(GATEWAY);

export interface Judged {
  readonly folder: string;
  readonly authority: KeyPair;
  /** Writes a text into the folder; the path. */
  file(name: string, text: string): string;
  /** Runs openssl in the folder; throws where it fails. */
  openssl(...args: string[]): string;
  /** What `openssl verify` says of a certificate for a purpose: `OK`, or its complaint. */
  verify(certificate: string, ...more: string[]): string;
  /** A certificate that somebody who has stolen the CA's key makes with openssl. */
  forge(subject: string, extensions: string): KeyPair;
}

export function makeAuthority(defer: Defer, segments: readonly string[] = []): Judged {
  const folder = makeTempDir(defer);
  const authority = writeAuthority({ kind: "authority", gateway: GATEWAY, domain: DOMAIN, subnets: permittedSubnets([{ subnets: segments }]) });
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const openssl = (...args: string[]): string => execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: "pipe" });
  file("ca.pem", authority.certificate);
  file("ca.key", authority.key);
  const verify = (certificate: string, ...more: string[]): string => {
    const { stdout, stderr } = spawnSync("openssl", ["verify", "-x509_strict", "-CAfile", "ca.pem", ...more, file("judged.pem", certificate)], { cwd: folder, encoding: "utf8" });
    return stdout.endsWith(": OK\n") ? "OK" : stderr;
  };
  const forge = (subject: string, extensions: string): KeyPair => {
    file("forged.ext", `basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n${extensions}\n`);
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "forged.key", "-out", "forged.csr", "-subj", subject);
    const certificate = openssl("x509", "-req", "-in", "forged.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "7", "-days", "30", "-extfile", "forged.ext");
    return { certificate, key: openssl("pkey", "-in", "forged.key") };
  };
  return { folder, authority, file, openssl, verify, forge };
}

export function serverOf(authority: KeyPair, addresses: readonly string[] = ["127.0.0.1"]): KeyPair {
  return writeServer({ kind: "server", authority, gateway: GATEWAY, domain: DOMAIN, addresses });
}

export function machineOf(authority: KeyPair, name = "press-1", request?: string): { readonly certificate: string; readonly key?: string } {
  return writeMachine({ kind: "machine", authority, gateway: GATEWAY, domain: DOMAIN, name, ...(request === undefined ? {} : { request }) });
}
