// Shows that only what a browser would take is taken as the page's certificate, with certificates that openssl makes.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkChain } from "../../../../firmware/core/page/check-chain.ts";
import { writePageRequest } from "../../../../firmware/core/pki/write-page.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { assert, suite, type Defer } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";

const NAMES = ["gw.plant.example", "10.1.2.3", "fd00::7"];
const DAY_MS = 86_400_000;
const LEAF = "subjectAltName=DNS:gw.plant.example,IP:10.1.2.3,IP:fd00::7\nextendedKeyUsage=serverAuth\nbasicConstraints=critical,CA:FALSE";
const CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign";

interface Plant {
  readonly key: string;
  readonly root: string;
  readonly intermediate: string;
  /** Of the request, by the intermediate, with these extensions. */
  sign(extensions: string, ...more: readonly string[]): string;
  openssl(...args: readonly string[]): string;
}

function makePlant(defer: Defer): Plant {
  const folder = makeTempDir(defer);
  const openssl = (...args: readonly string[]): string => execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const { certificate: request, key = "" } = writePageRequest({ kind: "page-request", gateway: "gw-1", names: NAMES });
  writeFileSync(join(folder, "page.csr"), request);
  writeFileSync(join(folder, "ca.ext"), CA);
  openssl("req", "-x509", ...newKey, "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=Plant root", "-days", "400");
  openssl("req", ...newKey, "-keyout", "middle.key", "-out", "middle.csr", "-subj", "/CN=Plant CA 2");
  openssl("x509", "-req", "-in", "middle.csr", "-CA", "root.pem", "-CAkey", "root.key", "-set_serial", "2", "-days", "390", "-extfile", "ca.ext", "-out", "middle.pem");
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  const sign: Plant["sign"] = (extensions, ...more) => {
    writeFileSync(join(folder, "leaf.ext"), extensions);
    const days = more.includes("-days") ? [] : ["-days", "300"];
    return openssl("x509", "-req", "-in", "page.csr", "-CA", "middle.pem", "-CAkey", "middle.key", "-set_serial", "3", "-extfile", "leaf.ext", ...days, ...more);
  };
  return { key, root: read("root.pem"), intermediate: read("middle.pem"), sign, openssl };
}

suite("certificate of the plant, checked", (test) => {
  // What openssl makes in a moment is in force by then.
  const nowMs = systemClock.now() + 3_600_000;

  test("U4.7 openssl understands the request, with all its names, and its signature", ({ defer }) => {
    const { openssl } = makePlant(defer);
    const text = openssl("req", "-in", "page.csr", "-noout", "-text", "-verify");
    assert.match(text, /DNS:gw\.plant\.example, IP Address:10\.1\.2\.3, IP Address:FD00:0:0:0:0:0:0:7/);
    assert.match(text, /TLS Web Server Authentication/);
  });

  test("CR 1.8 a whole chain in its order is taken, with or without the root, and nothing else of the file is kept", ({ defer }) => {
    const { key, intermediate, root, sign } = makePlant(defer);
    const leaf = sign(LEAF);
    const taken = checkChain(`words before\n${leaf}\n words between${intermediate}${root}`, { keys: ["other", key].slice(1), names: NAMES, nowMs });
    assert.is(taken.chain, leaf + intermediate + root);
    assert.is(checkChain(leaf + intermediate, { keys: [key], names: NAMES, nowMs }).key, key);
  });

  test("CR 1.8 what a browser would refuse is refused, with words that say what to do", ({ defer }) => {
    const { key, intermediate, openssl, root, sign } = makePlant(defer);
    const leaf = sign(LEAF);
    const foreign = writePageRequest({ kind: "page-request", gateway: "gw-1", names: NAMES }).key ?? "";
    const refused = (pem: string, words: RegExp, more: Partial<Parameters<typeof checkChain>[1]> = {}): void => {
      const fault = assert.throws(() => checkChain(pem, { keys: [key], names: NAMES, nowMs, ...more }), "INPUT_INVALID");
      assert.match(String(fault), words);
    };
    refused("", /no certificate in it/);
    refused("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", /certificate 1 cannot be read/);
    refused(leaf + intermediate, /is not for the key of the request/, { keys: [foreign] });
    refused(intermediate + leaf, /is not for the key of the request/);
    refused(`${leaf}${openssl("pkey", "-in", "root.key")}`, /private key in it/);
    refused(leaf + root, /is not issued by the one after it/);
    refused(leaf + intermediate + intermediate, /is not issued by the one after it/);
    refused(leaf, /does not name gw2\.plant\.example/, { names: [...NAMES, "gw2.plant.example"] });
    refused(leaf, /does not name 10\.1\.2\.4/, { names: ["10.1.2.4"] });
    refused(sign(LEAF.replace("serverAuth", "clientAuth")), /not meant for a server/);
    refused(sign(LEAF.replace("extendedKeyUsage=serverAuth\n", "")), /not meant for a server/);
    refused(sign(LEAF.replace("CA:FALSE", "CA:TRUE")), /is one of a CA/);
    refused(sign(LEAF, "-sha1"), /is signed with/);
    refused(leaf, /is over since/, { nowMs: nowMs + 301 * DAY_MS });
    refused(leaf, /is not in force before/, { nowMs: nowMs - 2 * DAY_MS });
    refused(`${leaf}${intermediate}`.repeat(5), /10 certificates/);
  });

  test("a gateway that does not know the time takes what is over, since it cannot tell", ({ defer }) => {
    const { key, intermediate, sign } = makePlant(defer);
    assert.ok(checkChain(sign(LEAF, "-days", "1") + intermediate, { keys: [key], names: NAMES, nowMs: undefined }));
  });
}, { needs: ["openssl"] });
