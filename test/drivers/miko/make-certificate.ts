// A certificate for a machine on loopback, made with openssl: self-signed, or signed by a CA made with it.

import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

export interface MachineCertificate {
  readonly key: string;
  readonly cert: string;
  /** SHA-256 of the certificate, as a person writes it. */
  readonly pin: string;
  /** PEM of the CA that signed it. */
  readonly ca: string;
}

/** `address` becomes the subject alternative name. Needs openssl. */
export function makeCertificate(defer: Defer, address = "127.0.0.1"): MachineCertificate {
  const folder = makeTempDir(defer);
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { stdio: "pipe", cwd: folder });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA", "-days", "2");
  openssl("req", ...key, "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=Machine");
  writeFileSync(at("san"), `subjectAltName=IP:${address}\n`);
  openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "cert.pem", "-days", "2", "-extfile", "san");
  const cert = readFileSync(at("cert.pem"), "utf8");
  return { key: readFileSync(at("key.pem"), "utf8"), cert, ca: readFileSync(at("ca.pem"), "utf8"), pin: createHash("sha256").update(new X509Certificate(cert).raw).digest("hex") };
}
