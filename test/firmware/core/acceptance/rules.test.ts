// Shows whom the rules of the configuration accept without a person: by certificates of a real authority, made by openssl.

import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { makePki } from "../../../support/pki.ts";
import type { Issued } from "../../../support/pki.ts";
import { assert, suite } from "../../../support/suite.ts";
import { chainProblem, readAuthorities, readChain } from "../../../../firmware/core/acceptance/certificates.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { assetOf, identify, startCore } from "../running-core.ts";
import { accept, assigned, list, machine, report, SEGMENTS, show } from "./found.ts";
import type { PresentReport } from "../../../../firmware/conduit/source.ts";

const options = { needs: ["openssl"] };

const der = (pem: string): string => new X509Certificate(pem).raw.toString("base64");
const fingerprint = ({ certificate }: Issued): string => new X509Certificate(certificate).fingerprint256.replaceAll(":", "").toLowerCase();
const secure = (serial: string, host: number, ...pems: readonly string[]): PresentReport => machine(serial, host, { url: `https://192.0.2.${host}`, certificates: pems.map(der) });
const names = async (...[core, signal]: Parameters<typeof assigned>): Promise<readonly string[]> => (await assigned(core, signal)).map(({ name }) => name);

suite("rules of acceptance", (test) => {
  test("K1.7a a rule by an authority accepts whom that authority issued, pinned to the certificate, and nobody else", async ({ defer, signal }) => {
    const [pki, other] = [makePki(defer), makePki(defer, "Other CA")];
    const core = await startCore(defer, `${SEGMENTS}acceptance:\n  - { segment: cell, ca: { secret: machines } }\n`);
    await core.local.call("setSecret", { name: "machines", text: pki.ca }, signal);
    const good = pki.issue("machine 1");
    const expired = pki.issue("machine 4", { fromDays: -10, toDays: -1 });
    await report(core, signal, [
      secure("1", 11, good.certificate, pki.ca),
      secure("2", 12, other.issue("machine 2").certificate, other.ca),
      // The authority's own certificate beside it proves nothing.
      secure("3", 13, other.issue("machine 3").certificate, pki.ca),
      secure("4", 14, expired.certificate),
      machine("5", 15),
      { ...secure("6", 16, pki.issue("machine 6").certificate), url: "https://198.51.100.16" },
    ]);
    await report(core, signal, [{ ...secure("7", 17, pki.issue("machine 7").certificate), url: "https://198.51.100.17", address: "198.51.100.17" }], "line");
    assert.equal((await assigned(core, signal)).map(({ name, config }) => [name, config.url, config.tls?.pin]), [["1", "https://192.0.2.11", fingerprint(good)]]);
    const reasons = new Map((await list(core, signal)).map(({ id, reason }) => [id, reason]));
    assert.match(reasons.get(assetOf("2")) ?? "", /issued by CN=Other CA, which is not one of the authorities/);
    assert.match(reasons.get(assetOf("3")) ?? "", /issued by CN=Other CA/);
    assert.match(reasons.get(assetOf("4")) ?? "", /expired on/);
    assert.match(reasons.get(assetOf("5")) ?? "", /shows no certificate/);
    const [first] = await list(core, signal);
    assert.equal([first?.certificate?.subject, first?.certificate?.issuer], ["CN=machine 1", "CN=Test CA"]);
  }, options);
  test("a rule by pins accepts these certificates, and one by nameplate only such machines", async ({ defer, signal }) => {
    const pki = makePki(defer);
    const [one, two] = [pki.issue("1"), pki.issue("2")];
    const colons = fingerprint(one).toUpperCase().replaceAll(/(..)(?=.)/g, "$1:");
    const core = await startCore(defer, `${SEGMENTS}acceptance:\n  - { segment: cell, pins: ["${colons}"] }\n  - { segment: cell, pins: ["${fingerprint(two)}"], model: Saw }\n`);
    await report(core, signal, [secure("1", 11, one.certificate), secure("2", 12, two.certificate)]);
    assert.equal(await names(core, signal), ["1"]);
    await report(core, signal, [{ ...secure("2", 12, two.certificate), nameplate: { manufacturer: "W", model: "Saw", serialNumber: "2" } }]);
    assert.equal(await names(core, signal), ["1", "2"]);
  }, options);
  test("rules that change, and secrets that come later, judge anew what waits", async ({ defer, signal }) => {
    const pki = makePki(defer);
    const [one, two] = [pki.issue("1"), pki.issue("2")];
    const core = await startCore(defer, SEGMENTS);
    await report(core, signal, [secure("1", 11, one.certificate), secure("2", 12, two.certificate)]);
    assert.equal(await names(core, signal), []);
    writeFileSync(core.configFile, `${SEGMENTS}acceptance:\n  - { segment: cell, pins: ["${fingerprint(two)}"] }\n  - { segment: cell, ca: { secret: machines } }\n`);
    await core.local.call("reload", {}, signal);
    assert.equal(await names(core, signal), ["2"]);
    await core.local.call("setSecret", { name: "machines", text: pki.ca }, signal);
    assert.equal(await names(core, signal), ["1", "2"]);
  }, options);
  test("without certificates a rule accepts on loopback alone", async ({ defer, signal }) => {
    const core = await startCore(defer, "segments:\n  - { name: demo, subnets: [127.0.0.0/8] }\nacceptance:\n  - { segment: demo, withoutCertificate: true }\n");
    await report(core, signal, [machine("1", 7, { url: "http://127.0.0.1:9001", address: "127.0.0.1" }), machine("2", 8)], "demo");
    assert.equal(await names(core, signal), ["1"]);
  });
  test("a replaced certificate of the same authority suspends the machine all the same, and no rule takes it up again", async ({ defer, signal }) => {
    const pki = makePki(defer);
    const core = await startCore(defer, `${SEGMENTS}acceptance:\n  - { segment: cell, ca: { secret: machines } }\n`);
    await core.local.call("setSecret", { name: "machines", text: pki.ca }, signal);
    const [former, next] = [pki.issue("1"), pki.issue("1")];
    await report(core, signal, [secure("1", 11, former.certificate)]);
    await report(core, signal, [secure("1", 12, next.certificate)]);
    assert.equal((await list(core, signal)).map(({ state, url }) => [state, url]), [["accepted", "https://192.0.2.11"], ["pending", "https://192.0.2.12"]]);
    await report(core, signal, [secure("1", 11, next.certificate)]);
    assert.equal(await names(core, signal), []);
    await report(core, signal, [secure("1", 11, next.certificate)]);
    const [suspended] = await list(core, signal);
    assert.equal([suspended?.state, suspended?.certificate?.fingerprint], ["suspended", fingerprint(next)]);
    assert.match(suspended?.changes.join(" ") ?? "", /^Certificate: SHA-256 /);
    await accept(core, "1", signal);
    assert.is((await assigned(core, signal))[0]?.config.tls?.pin, fingerprint(next));
  }, options);
  test("a machine that wants a password is accepted by its certificate, with the name of a secret, and only over TLS", async ({ defer, signal }) => {
    const pki = makePki(defer);
    const own = pki.issue("1");
    const core = await startCore(defer, SEGMENTS);
    const { nameplate: _unknown, ...mute } = secure("1", 11, own.certificate);
    await report(core, signal, [{ ...mute, fault: { code: "CREDENTIALS_REFUSED", kind: "denied", message: "it wants credentials" } }, machine("2", 12)]);
    await core.local.call("setSecret", { name: "press-password", text: "hunter2" }, signal);
    const credentials = { user: "weir", secret: "press-password" };
    const take = async (key: string, name: string): Promise<unknown> => core.local.call("acceptAsset", { key, seen: (await show(core, key, signal)).seen, name, credentials }, signal);
    await assert.rejects(take(assetOf("2"), "saw"), "INPUT_INVALID");
    await take("urn:uuid:1", "press");
    const { assignments } = await core.source.call("assignments", { after: 0, waitMs: 0 }, signal);
    assert.equal(assignments.map(({ name, secrets }) => [name, secrets]), [["press", { "press-password": "hunter2" }]]);
    // Who it is shows behind the password; from then on it is that.
    assert.equal(await identify(core, "press", "1", signal), [assetOf("1")]);
    assert.equal(await identify(core, "press", "2", signal), []);
    assert.is((await show(core, "press", signal)).state, "suspended");
  }, options);
  test("a chain leads over authorities that are certificates of authorities, in their time; without a clock no date is judged", ({ defer }) => {
    const pki = makePki(defer);
    const [leaf, expired] = [pki.issue("1"), pki.issue("2", { fromDays: -10, toDays: -1 })];
    const authorities = readAuthorities(`text before\n${pki.ca}\nnonsense`);
    const now = systemClock.now();
    const check = (pems: readonly string[], nowMs: number | undefined = now): string | undefined => chainProblem(readChain(pems.map(der)), authorities, nowMs);
    assert.is(authorities.length, 1);
    assert.is(check([leaf.certificate]), undefined);
    assert.match(check([expired.certificate]) ?? "", /expired/);
    assert.is(chainProblem(readChain([der(expired.certificate)]), authorities, undefined), undefined);
    assert.match(check([leaf.certificate], Date.UTC(2020, 0)) ?? "", /not valid before/);
    assert.match(check([]) ?? "", /no certificate/);
    // A machine's certificate is no authority, whoever it signed.
    assert.match(chainProblem(readChain([leaf.certificate, expired.certificate].map(der)), readAuthorities(leaf.certificate), now) ?? "", /not one of the authorities/);
    assert.equal(readChain(["AAAA", der(leaf.certificate)]), []);
  }, options);
});
