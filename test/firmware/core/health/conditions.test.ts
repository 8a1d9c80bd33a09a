// Shows that every condition has its words in every language, and that each fault of a machine or the cloud raises its own.

import type { FaultCode, FaultReport } from "../../../../drivers/contract/fault.ts";
import { Fault, reportFault } from "../../../../drivers/contract/fault.ts";
import { describeCondition } from "../../../../firmware/core/health/catalogue.ts";
import { CONDITION_CODES, LANGUAGES } from "../../../../firmware/core/health/condition-codes.ts";
import { Conditions } from "../../../../firmware/core/health/conditions.ts";
import { Fading } from "../../../../firmware/core/health/fading.ts";
import { assetAdvisory, assetLinkCondition, cloudLinkCondition } from "../../../../firmware/core/health/fault-conditions.ts";
import { Zones } from "../../../../firmware/core/health/zones.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";

const report = (code: FaultCode): FaultReport => reportFault(new Fault(code, "the words", { where: "press-1", remedy: "Do this." }));

suite("condition texts", (test) => {
  for (const language of LANGUAGES) {
    test(`are complete in ${language}, and every placeholder is filled`, () => {
      for (const code of CONDITION_CODES) {
        const text = describeCondition(code, "SUBJECT", "DETAIL", language);
        for (const part of [text.title, text.cause, text.effect, text.remedy]) assert.ok(part.length > 5 && !/[{}]/.test(part), `${code}: ${part}`);
        assert.match(text.cause, /DETAIL/);
        assert.match(text.effect, /\.$/);
        assert.match(text.remedy, /\.$/);
      }
    });
  }
  test("no text of one language stands in the other", () => {
    for (const code of CONDITION_CODES) {
      const [english, german] = LANGUAGES.map((language) => describeCondition(code, "", "", language));
      assert.is.not(english?.title, german?.title);
      assert.is.not(english?.effect, german?.effect);
      assert.is.not(english?.remedy, german?.remedy);
    }
  });
});

suite("conditions", (test) => {
  test("stand from their raise to their clearing, and renewed words keep the first time", async () => {
    const clock = makeFakeClock();
    const heard: string[] = [];
    const conditions = new Conditions(clock, (change, { code, cause }) => heard.push(`${change} ${code} ${cause}`));
    assert.ok(conditions.raise("ASSET_LOST", "press-1", "no answer"));
    await clock.advance(1000);
    assert.not.ok(conditions.raise("ASSET_LOST", "press-1", "no answer"));
    assert.ok(conditions.raise("ASSET_LOST", "press-1", "refused"));
    assert.is(conditions.list()[0]?.since, "2026-01-01T00:00:00.000Z");
    assert.is(conditions.state(), "degraded");
    assert.ok(conditions.clear("ASSET_LOST", "press-1"));
    assert.not.ok(conditions.clear("ASSET_LOST", "press-1"));
    assert.is(conditions.state(), "running");
    assert.equal(heard, ["raised ASSET_LOST no answer", "raised ASSET_LOST refused", "cleared ASSET_LOST refused"]);
  });
  test("the worst come first, and what passes by itself does not degrade", () => {
    const conditions = new Conditions(makeFakeClock(), () => undefined);
    conditions.raise("OUTBOX_RECOVERING", "outbox.db", "");
    assert.is(conditions.state(), "running");
    conditions.raise("WAL_HELD", "outbox.db", "");
    conditions.raise("CLOUD_LOST", "cloud", "");
    assert.equal(conditions.list().map(({ severity }) => severity), ["error", "warning", "info"]);
  });
  test("one that fades goes after quiet time only", async () => {
    const clock = makeFakeClock();
    const conditions = new Conditions(clock, () => undefined);
    const fading = new Fading(conditions, clock);
    fading.note("PAYLOADS_QUARANTINED", "press-1", "a", 1000);
    await clock.advance(900);
    fading.note("PAYLOADS_QUARANTINED", "press-1", "b", 1000);
    await clock.advance(900);
    fading.tick();
    assert.ok(conditions.has("PAYLOADS_QUARANTINED", "press-1"));
    await clock.advance(100);
    fading.tick();
    assert.is(conditions.list().length, 0);
  });
  test("a zone that ends three times within a minute is in a crash loop, slower ends are not", async () => {
    const clock = makeFakeClock();
    const conditions = new Conditions(clock, () => undefined);
    const fading = new Fading(conditions, clock);
    const zones = new Zones(clock, fading);
    const tell = (field: number, cloud: number): void => zones.tell({ field: { state: "running", restarts: field }, cloud: { state: "running", restarts: cloud } });
    for (let restarts = 0; restarts <= 3; restarts += 1) {
      tell(restarts, Math.min(restarts, 2));
      await clock.advance(10_000);
    }
    assert.equal(conditions.list().map(({ code, subject }) => [code, subject]), [["ZONE_CRASH_LOOP", "field"]]);
    await clock.advance(60_000);
    tell(3, 3);
    assert.not.ok(conditions.has("ZONE_CRASH_LOOP", "cloud"));
    await clock.advance(60_000);
    fading.tick();
    assert.is(conditions.list().length, 0);
  });
});

suite("zones", (test) => {
  const words = (pid: number): { pid: number; uptimeSeconds: number; memoryBytes: number } => ({ pid, uptimeSeconds: 7, memoryBytes: 50_000_000 });

  test("on an appliance a zone runs while it says so, and is silent or not heard else", async () => {
    const clock = makeFakeClock();
    const zones = new Zones(clock, new Fading(new Conditions(clock, () => undefined), clock), () => true);
    zones.alive("field", words(5));
    await clock.advance(15_000);
    zones.alive("cloud", words(6));
    await clock.advance(10_000);
    const { core, ...others } = zones.standings;
    assert.equal([core?.state, core?.pid], ["running", process.pid]);
    assert.equal(others, { field: { state: "silent", restarts: 0 }, cloud: { state: "running", restarts: 0, ...words(6) }, host: { state: "not heard" } });
  });

  test("without a supervisor another process is a restart, and many are a loop", () => {
    const clock = makeFakeClock();
    const conditions = new Conditions(clock, () => undefined);
    const zones = new Zones(clock, new Fading(conditions, clock), () => true);
    for (const pid of [5, 5, 6, 7, 8]) zones.alive("field", words(pid));
    assert.is(zones.standings["field"]?.restarts, 3);
    assert.ok(conditions.has("ZONE_CRASH_LOOP", "field"));
  });

  test("a process that a network namespace needs is missed: at once where it is told why, after a minute where nobody says anything", async () => {
    const clock = makeFakeClock();
    const zones = new Zones(clock, new Fading(new Conditions(clock, () => undefined), clock), () => false, ["a", "b", "c"]);
    zones.refuse("c", "no socket");
    zones.tell({ field: { state: "running", restarts: 0, pid: 5 }, "field-a": { state: "blocked", restarts: 0, words: "no namespace" } });
    assert.equal(zones.inNamespaces, [["field-a", "no namespace"], ["field-b", undefined], ["field-c", "no socket"]]);
    assert.equal(Object.entries(zones.standings).map(([name, { state }]) => `${name} ${state}`), ["field running", "field-a blocked", "field-b not heard", "field-c not heard"]);
    await clock.advance(61_000);
    assert.match(zones.inNamespaces[1]?.[1] ?? "", /namespace b/);
    zones.alive("field-b", words(9));
    zones.tell({ field: { state: "running", restarts: 0, pid: 5 }, "field-a": { state: "running", restarts: 0, pid: 8 } });
    assert.equal(zones.inNamespaces, [["field-a", undefined], ["field-b", undefined], ["field-c", "no socket"]]);
  });

  test("a supervisor's word on a zone stands, with what the zone says of the same process", () => {
    const clock = makeFakeClock();
    const zones = new Zones(clock, new Fading(new Conditions(clock, () => undefined), clock));
    zones.alive("field", words(5));
    zones.alive("cloud", words(6));
    assert.equal(zones.standings, {});
    zones.tell({ field: { state: "running", restarts: 2, pid: 5 }, cloud: { state: "starting", restarts: 1, pid: 9 } });
    assert.equal(zones.standings, { field: { state: "running", restarts: 2, ...words(5) }, cloud: { state: "starting", restarts: 1, pid: 9 } });
  });
});

suite("fault conditions", (test) => {
  const machines: readonly (readonly [FaultCode, "lost" | "stopped", string])[] = [
    ["PEER_UNREACHABLE", "lost", "ASSET_LOST"],
    ["PEER_PROTOCOL", "lost", "ASSET_LOST"],
    ["CERTIFICATE_REFUSED", "stopped", "ASSET_DENIED"],
    ["CREDENTIALS_REFUSED", "stopped", "ASSET_DENIED"],
    ["IDENTITY_CHANGED", "stopped", "ASSET_DENIED"],
    ["SECRET_MISSING", "stopped", "ASSET_MISCONFIGURED"],
    ["PROFILE_INVALID", "stopped", "ASSET_MISCONFIGURED"],
    ["DEFECT", "stopped", "ASSET_STOPPED"],
    ["DEFECT", "lost", "ASSET_LOST"],
    ["NOT_SUPPORTED", "stopped", "ASSET_STOPPED"],
  ];
  for (const [code, state, expected] of machines) {
    test(`a machine that is ${state} with ${code} raises ${expected} with the fault's words`, () => {
      assert.equal(assetLinkCondition(state, report(code)), { code: expected, detail: "press-1: the words Do this." });
    });
  }
  const clouds: readonly (readonly [FaultCode, "lost" | "stopped", string])[] = [
    ["PEER_TIMEOUT", "lost", "CLOUD_LOST"],
    ["CERTIFICATE_REFUSED", "lost", "CLOUD_REFUSED"],
    ["CREDENTIALS_REFUSED", "stopped", "CLOUD_REFUSED"],
    ["ACCESS_DENIED", "lost", "CLOUD_REFUSED"],
    ["SECRET_MISSING", "stopped", "CLOUD_MISCONFIGURED"],
    ["DEFECT", "stopped", "CLOUD_STOPPED"],
  ];
  for (const [code, state, expected] of clouds) {
    test(`a cloud link that is ${state} with ${code} raises ${expected}`, () => {
      assert.equal(cloudLinkCondition(state, report(code)), { code: expected, detail: "press-1: the words Do this." });
    });
  }
  test("connected clears, and connecting without a fault says nothing new", () => {
    assert.is(assetLinkCondition("connected", undefined), undefined);
    assert.is(assetLinkCondition("connecting", undefined), "keep");
    assert.is(cloudLinkCondition("connected", undefined), undefined);
    assert.is(cloudLinkCondition("connecting", undefined), "keep");
    assert.is(cloudLinkCondition("stopped", undefined), undefined);
  });
  test("a refused publish URL has a condition of its own", () => {
    assert.is(assetAdvisory(report("ADDRESS_REFUSED")).code, "PUBLISH_URL_REFUSED");
    assert.is(assetAdvisory(report("PROFILE_INVALID")).code, "ASSET_ADVISORY");
  });
});
