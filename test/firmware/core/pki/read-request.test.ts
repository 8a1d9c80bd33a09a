// Shows which PKCS#10 requests are taken, and that what strangers send crashes nothing and is signed for nobody.

import { createPublicKey, X509Certificate } from "node:crypto";
import fc from "fast-check";
import { isFault } from "../../../../drivers/contract/fault.ts";
import { issue } from "../../../../firmware/core/pki/issue.ts";
import { readRequest } from "../../../../firmware/core/pki/read-request.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import { DOMAIN, GATEWAY, machineOf, makeAuthority } from "./authority.ts";
import type { Judged } from "./authority.ts";

const EC = ["-newkey", "ec", "-pkeyopt"] as const;

function requestOf({ openssl }: Judged, newKey: readonly string[], ...more: string[]): string {
  return openssl("req", "-new", ...newKey, "-nodes", "-keyout", "own.key", "-subj", "/O=Maker/CN=someone else", ...more);
}

/** The key that is taken, else what is said. */
function attempt(pem: string): string {
  try {
    return readRequest(pem).export({ type: "spki", format: "pem" }).toString();
  } catch (error) {
    assert.ok(isFault(error, "INPUT_INVALID"), String(error));
    return String(error);
  }
}

function bytesOf(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
}

function pemOf(der: Uint8Array): string {
  return `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(der).toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
}

suite("certificate requests", (test) => {
  test("RSA from 2048 bits and P-256 and P-384 are taken, with any SHA-2", ({ defer }) => {
    const judged = makeAuthority(defer);
    const kinds: readonly (readonly string[])[] = [["-newkey", "rsa:2048"], ["-newkey", "rsa:3072", "-sha512"], [...EC, "ec_paramgen_curve:P-256"], [...EC, "ec_paramgen_curve:P-384", "-sha384"]];
    for (const kind of kinds) {
      const request = requestOf(judged, kind);
      const own = judged.openssl("pkey", "-in", "own.key", "-pubout");
      assert.is(attempt(request), own);
      const { certificate, key } = machineOf(judged.authority, "press-1", request);
      assert.is(key, undefined);
      assert.is(judged.verify(certificate, "-purpose", "sslclient"), "OK");
      assert.is(new X509Certificate(certificate).publicKey.export({ type: "spki", format: "pem" }), own);
    }
  });
  test("nothing but the key is taken: name, alternative names and wishes of the request do not count", ({ defer }) => {
    const judged = makeAuthority(defer);
    const wishes = ["-addext", "subjectAltName=DNS:cloud.example,IP:8.8.8.8", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "extendedKeyUsage=serverAuth"];
    const { subject, subjectAltName, ca, keyUsage } = new X509Certificate(machineOf(judged.authority, "press-1", requestOf(judged, [...EC, "ec_paramgen_curve:P-256"], ...wishes)).certificate);
    assert.equal([subject, subjectAltName, ca, keyUsage], [`O=${GATEWAY}\nCN=press-1`, `DNS:press-1.${DOMAIN}`, false, ["1.3.6.1.5.5.7.3.2"]]);
  });
  test("CR 1.9 weak keys, other kinds of keys and other signatures are refused with what is taken", ({ defer }) => {
    const judged = makeAuthority(defer);
    assert.match(attempt(requestOf(judged, ["-newkey", "rsa:1024"])), /RSA, 1024 bits/);
    assert.match(attempt(requestOf(judged, [...EC, "ec_paramgen_curve:P-521"])), /secp521r1/);
    assert.match(attempt(requestOf(judged, [...EC, "ec_paramgen_curve:secp256k1"])), /secp256k1/);
    assert.match(attempt(requestOf(judged, ["-newkey", "ed25519"])), /ed25519/);
    assert.match(attempt(requestOf(judged, ["-newkey", "rsa:2048", "-sha1"])), /signed by an algorithm/);
    assert.match(attempt(requestOf(judged, ["-newkey", "rsa:2048", "-sigopt", "rsa_padding_mode:pss"])), /signed by an algorithm/);
  });
  test("CR 1.9 a request with a key that is not the sender's is refused", ({ defer }) => {
    const judged = makeAuthority(defer);
    const own = bytesOf(requestOf(judged, [...EC, "ec_paramgen_curve:P-256"]));
    const stolen = bytesOf(requestOf(judged, [...EC, "ec_paramgen_curve:P-256"]));
    const head = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d030107034200", "hex");
    const point = (der: Buffer): Buffer => der.subarray(der.indexOf(head), der.indexOf(head) + head.length + 65);
    point(stolen).copy(own, own.indexOf(head));
    assert.match(attempt(pemOf(own)), /not signed by the key/);
  });
  test("what is no request at all is refused", ({ defer }) => {
    const { authority } = makeAuthority(defer);
    const texts = ["", "x", authority.certificate, authority.key, pemOf(Buffer.alloc(0)), pemOf(Buffer.from([0x30, 0x80])), pemOf(Buffer.alloc(9000, 0x30)), pemOf(Buffer.alloc(20_000))];
    for (const text of texts) assert.match(attempt(text), /certificate request/);
  });
  test(
    "a request that was cut or changed anywhere is refused, or is still the sender's key",
    ({ defer }) => {
      const judged = makeAuthority(defer);
      for (const kind of [["-newkey", "rsa:2048"], [...EC, "ec_paramgen_curve:P-256"]]) {
        const der = bytesOf(requestOf(judged, kind));
        const own = judged.openssl("pkey", "-in", "own.key", "-pubout");
        const check = (bytes: Uint8Array): void => {
          const said = attempt(pemOf(bytes));
          assert.ok(said === own || said.includes("certificate request"), said);
        };
        for (let length = 0; length < der.length; length += 1) check(der.subarray(0, length));
        const change = fc.record({ at: fc.nat(der.length - 1), to: fc.nat(255) });
        fc.assert(fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
          const bytes = Buffer.from(der);
          for (const { at, to } of changes) bytes[at] = to;
          check(bytes);
        }), { numRuns: 1500 });
        fc.assert(fc.property(fc.nat(der.length), fc.uint8Array({ maxLength: 40 }), (at, more) => check(Buffer.concat([der.subarray(0, at), more, der.subarray(at)]))), { numRuns: 500 });
      }
    },
    { limitMs: 300_000 },
  );
  test("the thread that issues answers a bad request with a fault, and a good one with a certificate", async ({ defer, signal }) => {
    const judged = makeAuthority(defer);
    const clock = makeFakeClock();
    const order = { kind: "machine", authority: judged.authority, gateway: GATEWAY, domain: DOMAIN, name: "press-1" } as const;
    await assert.rejects(issue({ ...order, request: "x" }, clock, signal), "INPUT_INVALID");
    const { certificate, key = "" } = await issue(order, clock, signal);
    assert.is(judged.verify(certificate), "OK");
    assert.is(createPublicKey(key).export({ type: "spki", format: "pem" }), new X509Certificate(certificate).publicKey.export({ type: "spki", format: "pem" }));
    await assert.rejects(issue(order, clock, AbortSignal.abort()), "CANCELLED");
    assert.is(clock.pending, 0);
  });
}, { needs: ["openssl"] });
