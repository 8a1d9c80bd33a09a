// Shows with openssl that the CA for people is good for its gateway's page and for nothing else, even in the hands of a thief.

import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { localNameOf } from "../../../../firmware/core/pki/names.ts";
import { permittedSubnets } from "../../../../firmware/core/pki/permitted-subnets.ts";
import { writePage, writePeopleAuthority } from "../../../../firmware/core/pki/write-page.ts";
import { assert, suite, type Defer } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";

const GATEWAY = "gw-1";
const HOSTS = [localNameOf(GATEWAY), "localhost", "gw.plant.example"];

interface Stolen {
  verify(certificate: string, ...more: readonly string[]): string;
  forge(subject: string, names: string, more?: string): string;
  readonly page: string;
}

function makeStolen(defer: Defer): Stolen {
  const folder = makeTempDir(defer);
  const authority = writePeopleAuthority({ kind: "people-authority", gateway: GATEWAY, hosts: HOSTS, subnets: permittedSubnets([]) });
  const page = writePage({ kind: "page", authority, gateway: GATEWAY, names: [...HOSTS, "10.1.2.3", "::1"] }).certificate;
  const openssl = (...args: readonly string[]): string => execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: "pipe" });
  writeFileSync(join(folder, "ca.pem"), authority.certificate);
  writeFileSync(join(folder, "ca.key"), authority.key);
  return {
    page,
    verify: (certificate, ...more) => {
      writeFileSync(join(folder, "judged.pem"), certificate);
      const { stdout, stderr } = spawnSync("openssl", ["verify", "-x509_strict", "-CAfile", "ca.pem", ...more, "judged.pem"], { cwd: folder, encoding: "utf8" });
      return stdout.endsWith(": OK\n") ? "OK" : stderr;
    },
    forge: (subject, names, more = "basicConstraints=critical,CA:FALSE") => {
      writeFileSync(join(folder, "ext"), `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n${more}\n`);
      openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "forged.key", "-out", "forged.csr", "-subj", subject);
      return openssl("x509", "-req", "-in", "forged.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "7", "-days", "30", "-extfile", "ext");
    },
  };
}

suite("CA for people", (test) => {
  test("its certificate for the page is good for a server at each name and address, today and when nobody knows the time", ({ defer }) => {
    const { page, verify } = makeStolen(defer);
    for (const host of HOSTS) assert.is(verify(page, "-purpose", "sslserver", "-verify_hostname", host), "OK");
    for (const address of ["10.1.2.3", "::1"]) assert.is(verify(page, "-purpose", "sslserver", "-verify_ip", address), "OK");
    for (const time of ["1", "4102444800"]) assert.is(verify(page, "-attime", time), "OK");
    assert.match(verify(page, "-purpose", "sslclient"), /purpose/);
  });

  test("CR 1.9 whoever has stolen its key can be no other site, no public address, no machine's client, no other organisation and no CA", ({ defer }) => {
    const { forge, verify } = makeStolen(defer);
    assert.is(verify(forge(`/O=${GATEWAY}/CN=x`, "DNS:gw.plant.example")), "OK");
    for (const names of ["DNS:bank.example", "DNS:plant.example", "DNS:xgw.plant.example", "DNS:localhost,DNS:bank.example", "IP:9.9.9.9", "IP:2a00::1", "email:root@bank.example", "URI:https://bank.example/"]) {
      assert.match(verify(forge(`/O=${GATEWAY}/CN=x`, names)), /permitted subtree violation|unsupported|not permitted/i, names);
    }
    assert.match(verify(forge("/O=Bank/CN=x", "DNS:localhost")), /permitted subtree violation/);
    assert.match(verify(forge(`/O=${GATEWAY}/CN=x`, "DNS:gw-1.machines.weir.internal")), /permitted subtree violation/);
  });

  test("a gateway's name in the network is one label, whatever its id", () => {
    assert.equal(["gw-1", "weir-0a1b", "Hall_3.east"].map(localNameOf).slice(0, 2), ["weir-gw-1.local", "weir-0a1b.local"]);
    assert.match(localNameOf("Hall_3.east"), /^x--weir-hall-3-east-[0-9a-f]{16}\.local$/);
    assert.ok((localNameOf("a".repeat(64)).split(".")[0] ?? "").length <= 63);
  });
}, { needs: ["openssl"] });
