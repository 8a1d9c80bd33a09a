// The password of a machine goes where a systemadministrator sent it, and nobody with fewer rights leads it elsewhere.
// limit: 600s

import { X509Certificate } from "node:crypto";
import type { PresentReport } from "../../../../firmware/conduit/source.ts";
import { makePki } from "../../../support/pki.ts";
import { assert, suite } from "../../../support/suite.ts";
import { machine, report, SEGMENTS } from "../acceptance/found.ts";
import { startPeople } from "./people-core.ts";

const CREDENTIALS = { user: "weir", secret: "press-password" };

/** It shows this certificate, and wants a password. */
function locked(certificate: string, host = 11): PresentReport {
  const { nameplate: _unknown, ...mute } = machine("1", host, { url: `https://192.0.2.${host}`, certificates: [new X509Certificate(certificate).raw.toString("base64")] });
  return { ...mute, fault: { code: "CREDENTIALS_REFUSED", kind: "denied", message: "it wants credentials" } };
}

suite("the credentials of a machine", (test) => {
  test("CR 2.1 they go to no other address and no other machine but by a systemadministrator's fresh word", async ({ defer, signal }) => {
    const people = await startPeople(defer, signal, { more: SEGMENTS });
    const pki = makePki(defer);
    const root = await people.enter("root", "systemadministrator");
    const manager = await people.enter("anna", "manager");
    const service = await people.enter("sam", "service");
    await people.core.local.call("openServiceWindow", { account: "sam", purpose: "commissioning", scope: [], minutes: 60 }, signal);
    await people.ask("setSecret", { name: CREDENTIALS.secret, text: "hunter2" }, root);
    await report(people.core, signal, [locked(pki.issue("1").certificate)]);
    const seen = async (key: string): Promise<string> => (await people.core.local.call("asset", { key, limit: 0 }, signal)).asset.seen;
    const first = { key: "urn:uuid:1", seen: await seen("urn:uuid:1"), name: "press", credentials: CREDENTIALS };
    for (const bearer of [service, manager]) assert.is(await people.refusal("acceptAsset", first, bearer), "ACCESS_DENIED");
    assert.is(await people.refusal("acceptAsset", first, root), undefined);
    for (const line of [{ name: "press", url: "https://192.0.2.66" }, { name: "press", url: "" }, { name: "press", pin: "" }]) assert.is(await people.refusal("importAssets", { lines: [line], dryRun: false }, manager), "ACCESS_DENIED", JSON.stringify(line));
    assert.is(await people.refusal("importAssets", { lines: [{ name: "press", note: "hall 2", url: "https://192.0.2.11" }], dryRun: false }, manager), undefined);
    // Somebody else answers there with another certificate, and wants to be taken for it.
    const other = locked(pki.issue("2").certificate);
    await report(people.core, signal, [other]);
    await report(people.core, signal, [other]);
    const { asset } = await people.core.local.call("asset", { key: "press", limit: 0 }, signal);
    assert.is(asset.state, "suspended");
    const again = { key: "press", seen: asset.seen };
    for (const bearer of [service, manager]) assert.is(await people.refusal("acceptAsset", again, bearer), "ACCESS_DENIED");
    people.age(5 * 60_000);
    assert.is(await people.refusal("acceptAsset", again, root), "REAUTHENTICATION_REQUIRED");
    assert.is(await people.refusal("acceptAsset", again, await people.login("root")), undefined);
  }, { limitMs: 400_000 });
});
