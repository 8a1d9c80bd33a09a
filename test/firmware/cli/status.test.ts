// Shows what `weir status` tells a person, in both languages, and that it fails clearly where no gateway runs.

import { chooseLanguage } from "../../../firmware/cli/status.ts";
import { writeDuration, writeStatus } from "../../../firmware/cli/status-text.ts";
import type { Status } from "../../../firmware/conduit/status.ts";
import { assert, suite } from "../../support/suite.ts";
import { startChild } from "../../support/child.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

const WEIR = new URL("../../../firmware/cli/weir.ts", import.meta.url).pathname;

const STATUS: Status = {
  state: "degraded",
  gateway: "gw-1",
  version: "0.1.0",
  uptimeSeconds: 1,
  zones: { field: { state: "running" } },
  outbox: { queued: 1200, dropped: 3, rejected: 0, oldestSeconds: 7320 },
  cloud: { state: "lost", peer: null },
  assets: { "urn:a": { name: "press\u001b[31m-1", state: "accepted", link: "connected", nameplate: { manufacturer: "M", model: "X", serialNumber: "1" }, points: 7 } },
  conditions: [{ code: "CLOUD_LOST", subject: "cloud", severity: "error", title: "No connection to the cloud", cause: "no route", effect: "e", remedy: "r", detail: "no route", since: "2026-01-01T00:00:00.000Z" }],
};

suite("weir status", (test) => {
  test("says first whether anything needs attention, then what to do", () => {
    const text = writeStatus(STATUS, "en");
    assert.match(text, /^gw-1 is running with 1 thing that needs attention\.\n/);
    assert.match(text, /1200 readings wait, the oldest for 2 h 2 min; 3 dropped/);
    assert.match(text, /Machines: 1\/1 connected/);
    assert.match(text, /why: no route[^]*do: Check the Internet connection/);
    assert.match(writeStatus({ ...STATUS, conditions: [] }, "en"), /^gw-1 is running; nothing needs attention\./);
  });
  test("speaks German where it is asked to", () => {
    assert.match(writeStatus(STATUS, "de"), /^gw-1 läuft; 1 Punkt braucht[^]*Keine Verbindung zur Cloud[^]*Grund: no route[^]*Abhilfe: Prüfen Sie/);
    assert.is(chooseLanguage(undefined, { LANG: "de_DE.UTF-8" }), "de");
    assert.is(chooseLanguage("en", { LANG: "de_DE.UTF-8" }), "en");
    assert.is(chooseLanguage(undefined, {}), "en");
    assert.throws(() => chooseLanguage("xx", {}), "INPUT_INVALID");
  });
  test("a condition that this command does not know stands in core's own words", () => {
    const [condition] = STATUS.conditions;
    if (condition === undefined) return assert.unreachable();
    return assert.match(writeStatus({ ...STATUS, conditions: [{ ...condition, code: "NEWER", title: "Something new" }] }, "de"), /Something new/);
  });
  test("what a machine calls itself cannot drive the terminal", () => {
    assert.not.match(writeStatus(STATUS, "en"), /\u001b/);
  });
  test("says how many machines wait for a decision, and with which command", () => {
    const machine = { link: "not assigned", nameplate: { manufacturer: "M", model: "X", serialNumber: "2" }, points: 0 };
    const assets = { ...STATUS.assets, "urn:b": { ...machine, name: "b", state: "pending" }, "urn:c": { ...machine, name: "c", state: "suspended" }, "urn:d": { ...machine, name: "d", state: "refused" } } as const;
    assert.match(writeStatus({ ...STATUS, assets }, "en"), /Machines: 1\/2 connected; 1 waiting to be accepted, 1 suspended \(weir assets\)\.\n/);
    assert.match(writeStatus({ ...STATUS, assets }, "de"), /Maschinen: 1\/2 verbunden; 1 wartet auf Annahme, 1 ausgesetzt \(weir assets\)\.\n/);
  });
  test("writes durations in two units", () => {
    assert.equal([0, 59, 61, 7200, 90_061].map(writeDuration), ["0 s", "59 s", "1 min 1 s", "2 h", "1 d 1 h"]);
  });
  test("fails with the remedy where no gateway runs", async ({ defer }) => {
    const child = startChild(defer, process.execPath, [WEIR, "status", "--data", makeTempDir(defer)]);
    assert.equal(await child.exited, { code: 1, signal: null });
    assert.match(child.output(), /no gateway runs on this data directory.*weir start/);
  });
});
