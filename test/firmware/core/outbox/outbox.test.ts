// Shows what the outbox promises to sources and destinations on a real file.

import { accept, drain, event, holder, lease, makeFixture, sample, samples } from "./fixture.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";

const limitMs = 60_000;
const values = (elements: readonly { readonly value?: number }[]): (number | undefined)[] => elements.map((element) => element.value);

suite(
  "outbox, sources",
  (test) => {
    test("answers a repeat of a request number with the first answer, also after a restart", async ({ defer, signal }) => {
      const fixture = makeFixture(defer);
      let outbox = await fixture.open();
      let cloud = await outbox.openDestination("cloud");
      const request = { zone: "field", identity: { epoch: "e1", number: 1 }, readings: [sample(1, { sourceTime: null })] };
      assert.equal(await outbox.append(request), { accepted: 1, repeated: 0, quarantined: 0 });
      assert.equal(await outbox.append(request), { accepted: 1, repeated: 0, quarantined: 0 });
      await outbox.close();
      outbox = await fixture.open();
      cloud = await outbox.openDestination("cloud");
      assert.equal(await outbox.append(request), { accepted: 1, repeated: 0, quarantined: 0 });
      assert.is((await drain(cloud, "backlog", signal)).length, 1);
    }, { limitMs });
    test("keeps the answers of the last two epochs and of 1,024 numbers", async ({ defer }) => {
      const outbox = await makeFixture(defer).open();
      await outbox.openDestination("cloud");
      const ask = (epoch: string, number: number, value: number): Promise<{ accepted: number }> => outbox.append({ zone: "field", identity: { epoch, number }, readings: [sample(value, { sourceTime: null }), sample(value, { sourceTime: null })].slice(0, value) });
      await ask("e1", 1, 2);
      await ask("e2", 1, 2);
      assert.is((await ask("e1", 1, 1)).accepted, 2);
      await ask("e3", 1, 2);
      assert.is((await ask("e2", 1, 1)).accepted, 2);
      for (let number = 2; number <= 1025; number += 1) await ask("e3", number, 1);
      assert.is((await ask("e3", 2, 2)).accepted, 1);
      assert.is((await ask("e3", 1, 1)).accepted, 1);
    }, { limitMs });
    test("recognises what a source sends again, by event id or by point, time and value, also after a restart", async ({ defer }) => {
      const fixture = makeFixture(defer);
      const readings = [sample(1), event("a"), sample(2, { sourceTime: null })];
      let outbox = await fixture.open();
      await outbox.openDestination("cloud");
      await outbox.append({ zone: "field", readings });
      const later = "2026-02-02T00:00:00.000Z";
      const again = [sample(1, { gatewayTime: later, historical: true }), event("a", { gatewayTime: later }), sample(2, { sourceTime: null }), sample(1, { quality: "bad" })];
      assert.equal(await outbox.append({ zone: "field", readings: again }), { accepted: 2, repeated: 2, quarantined: 0 });
      await outbox.close();
      outbox = await fixture.open();
      assert.equal(await outbox.append({ zone: "field", readings }), { accepted: 1, repeated: 2, quarantined: 0 });
    }, { limitMs });
    test("recognises repeats and keeps cursors while no destination is open", async ({ defer }) => {
      const fixture = makeFixture(defer);
      const outbox = await fixture.open();
      await outbox.append({ zone: "field", readings: [sample(1)], cursors: [{ asset: "a", cursor: "7" }] });
      assert.is((await outbox.append({ zone: "field", readings: [sample(1)] })).repeated, 1);
      assert.equal(outbox.cursors(["a", "b"]), { a: "7" });
    }, { limitMs });
    test("fails a request that cannot be stored without failing the others of its commit", async ({ defer, signal }) => {
      const outbox = await makeFixture(defer).open();
      const cloud = await outbox.openDestination("cloud");
      const good = outbox.append({ zone: "field", readings: [sample(1)] });
      const bad = outbox.append({ zone: "field", readings: [sample(2, { gatewayTime: "yesterday" })] });
      const alsoGood = outbox.append({ zone: "field", readings: [sample(3)] });
      await assert.rejects(bad, "INPUT_INVALID");
      await Promise.all([good, alsoGood]);
      cloud.openLive();
      assert.equal(values(await drain(cloud, "backlog", signal)), [1, 3]);
    }, { limitMs });
    test("refuses more than may wait for a commit, and takes it later", async ({ defer }) => {
      const outbox = await makeFixture(defer).open({ limits: { maxWaitingBytes: 10_000 } });
      const first = outbox.append({ zone: "field", readings: samples(30) });
      await assert.rejects(outbox.append({ zone: "field", readings: samples(30, 100) }), "PEER_OVERLOADED");
      await first;
      assert.is((await outbox.append({ zone: "field", readings: samples(30, 100) })).accepted, 30);
    }, { limitMs });
    test("keeps a bounded quarantine and counts what fell out of it", async ({ defer }) => {
      const outbox = await makeFixture(defer).open({ limits: { maxQuarantineCount: 2 } });
      for (const payload of ["1", "2", "3"]) await outbox.quarantine({ zone: "field", asset: "a", reason: "no mapping", payload });
      assert.equal(await outbox.append({ zone: "field", readings: [], apart: [{ asset: "b", reason: "not accepted", payload: "4" }] }), { accepted: 0, repeated: 0, quarantined: 1 });
      const { dropped, payloads } = outbox.quarantined(10);
      assert.is(dropped, 2);
      assert.equal(payloads.map((one) => one.payload), ["4", "3"]);
    }, { limitMs });
    test("refuses everything after it was closed, and may be closed twice", async ({ defer }) => {
      const outbox = await makeFixture(defer).open();
      const last = outbox.append({ zone: "field", readings: [sample(1)] });
      await outbox.close();
      await outbox.close();
      assert.is((await last).accepted, 1);
      await assert.rejects(outbox.append({ zone: "field", readings: [] }), "STORAGE_BUSY");
    }, { limitMs });
  },
  { limitMs },
);

suite(
  "outbox, destinations",
  (test) => {
    test("serves events, live and backlog apart, each in the order of seq", async ({ defer, signal }) => {
      const outbox = await makeFixture(defer).open();
      const cloud = await outbox.openDestination("cloud");
      await outbox.append({ zone: "field", readings: [sample(1), event("a"), sample(2)] });
      cloud.openLive();
      await outbox.append({ zone: "field", readings: [sample(3), event("b"), sample(4, { historical: true })] });
      assert.equal(await lease(cloud, "live", signal).then((one) => [one.ranges, one.elements.map((element) => [element.seq, element.historical])]), [[[4, 4], [6, 6]], [[4, undefined], [6, true]]]);
      assert.equal(await lease(cloud, "events", signal).then((one) => one.elements.map((element) => [element.seq, element.event?.id, element.historical])), [[2, "a", true], [5, "b", undefined]]);
      assert.equal(await lease(cloud, "backlog", signal).then((one) => one.elements.map((element) => [element.seq, element.value, element.historical])), [[1, 1, true], [3, 2, true]]);
      for (const lane of ["live", "events", "backlog"] as const) assert.is((await lease(cloud, lane, signal)).lease, 0);
    });
    test("puts kept readings back to the front and settles accepted ones for good", async ({ defer, signal }) => {
      const fixture = makeFixture(defer);
      let outbox = await fixture.open();
      let cloud = await outbox.openDestination("cloud");
      await outbox.append({ zone: "field", readings: samples(10) });
      cloud.openLive();
      const first = await lease(cloud, "backlog", signal, { maxCount: 6 });
      await cloud.settle({ stream: first.stream, accepted: [[1, 2]], rejected: [], kept: [[3, 4]] }, holder);
      assert.equal((await lease(cloud, "backlog", signal, { maxCount: 3 })).ranges, [[3, 4], [7, 7]]);
      assert.is(outbox.figures("cloud").queued, 8);
      await outbox.close();
      outbox = await fixture.open();
      cloud = await outbox.openDestination("cloud");
      await cloud.settle({ stream: first.stream, accepted: [[5, 6]], rejected: [], kept: [] }, holder);
      assert.equal(values(await drain(cloud, "backlog", signal)), [3, 4, 7, 8, 9, 10]);
      assert.is(outbox.figures("cloud").queued, 0);
    });
    test("keeps rejected readings apart with their reason, once", async ({ defer, signal }) => {
      const outbox = await makeFixture(defer).open();
      const cloud = await outbox.openDestination("cloud");
      await outbox.append({ zone: "field", readings: samples(3) });
      const { stream } = await lease(cloud, "live", signal);
      for (let time = 0; time < 2; time += 1) await cloud.settle({ stream, accepted: [[1, 1], [3, 3]], rejected: [{ range: [2, 2], reason: "too hot" }], kept: [] });
      assert.equal(outbox.rejected(5).map((one) => [one.seq, one.reason, JSON.parse(one.reading).value]), [[2, "too hot", 2]]);
      assert.is(outbox.figures("cloud").rejected, 1);
      await assert.rejects(cloud.settle({ stream, accepted: [[4, 4]], rejected: [], kept: [] }), "INPUT_INVALID");
    });
    test("bounds a lease by count and bytes, with one reading at least", async ({ defer, signal }) => {
      const outbox = await makeFixture(defer).open();
      const cloud = await outbox.openDestination("cloud");
      await outbox.append({ zone: "field", readings: [sample(1, { reason: "x".repeat(5000) }), ...samples(20, 2)] });
      assert.equal((await lease(cloud, "live", signal, { maxBytes: 1024 })).ranges, [[1, 1]]);
      const next = await cloud.lease({ lane: "live", maxCount: 100, maxBytes: 1024, lingerMs: 0, waitMs: 0 }, holder, signal);
      assert.ok(next.body.length <= 1024 && next.head.count > 2);
      assert.is((await lease(cloud, "live", signal, { maxCount: 3 })).elements.length, 3);
    });
    test("waits for a first reading, gives one that comes alone at once, and lets those gather that follow it", async ({ defer, signal }) => {
      const outbox = await makeFixture(defer).open();
      const cloud = await outbox.openDestination("cloud");
      const gathering = { waitMs: 60_000, lingerMs: 60_000, maxCount: 2 };
      const alone = lease(cloud, "live", signal, gathering);
      await outbox.append({ zone: "field", readings: [sample(1)] });
      assert.equal(values((await alone).elements), [1]);
      const followers = lease(cloud, "live", signal, gathering);
      await outbox.append({ zone: "field", readings: [sample(2)] });
      await outbox.append({ zone: "field", readings: [sample(3)] });
      assert.equal(values((await followers).elements), [2, 3]);
      const cancelled = new AbortController();
      const endless = lease(cloud, "live", cancelled.signal, { waitMs: 60_000 });
      cancelled.abort();
      await assert.rejects(endless, "CANCELLED");
    });
    test("gives a new holder what the old one held, and refuses the old one", async ({ defer, signal }) => {
      const outbox = await makeFixture(defer).open();
      const cloud = await outbox.openDestination("cloud");
      await outbox.append({ zone: "field", readings: samples(3) });
      await lease(cloud, "live", signal, {}, "old");
      assert.equal(values((await lease(cloud, "live", signal, {}, "new")).elements), [1, 2, 3]);
      await assert.rejects(lease(cloud, "live", signal, {}, "old"), "ACCESS_DENIED");
    });
    test("frees the leases of a holder that is silent for 120 s", async ({ defer, signal }) => {
      const clock = makeFakeClock();
      const outbox = await makeFixture(defer).open({ clock });
      const cloud = await outbox.openDestination("cloud");
      await outbox.append({ zone: "field", readings: samples(3) });
      await lease(cloud, "live", signal);
      await clock.advance(118_000);
      assert.is((await lease(cloud, "live", signal)).lease, 0);
      await clock.advance(122_000);
      assert.equal(values(await drain(cloud, "backlog", signal)), [1, 2, 3]);
    });
    test("moves what waits for more than 10 s from live to backlog", async ({ defer, signal }) => {
      const clock = makeFakeClock();
      const outbox = await makeFixture(defer).open({ clock });
      const cloud = await outbox.openDestination("cloud");
      cloud.openLive();
      await outbox.append({ zone: "field", readings: samples(3) });
      await clock.advance(11_000);
      assert.is((await lease(cloud, "live", signal)).lease, 0);
      await outbox.append({ zone: "field", readings: samples(1, 4) });
      assert.equal(values((await lease(cloud, "live", signal)).elements), [4]);
      assert.equal(values((await lease(cloud, "backlog", signal)).elements), [1, 2, 3]);
    });
    test("takes another order over while it is open, and gives nothing twice", async ({ defer, signal }) => {
      const outbox = await makeFixture(defer).open();
      const cloud = await outbox.openDestination("cloud");
      cloud.openLive();
      await outbox.append({ zone: "field", readings: [...samples(10), event("a"), ...samples(10, 11)] });
      const held = await lease(cloud, "live", signal, { maxCount: 5 });
      assert.is(held.elements.length, 5);
      await outbox.openDestination("cloud", { order: "strict" });
      assert.equal((await drain(cloud, "live", signal)).map(({ seq }) => seq), Array.from({ length: 16 }, (_, index) => index + 6));
      await outbox.openDestination("cloud", { order: "lanes" });
      await cloud.settle({ stream: held.stream, accepted: [], rejected: [], kept: held.ranges });
      assert.equal((await drain(cloud, "backlog", signal)).map(({ seq }) => seq), [1, 2, 3, 4, 5]);
      assert.is(outbox.figures("cloud").queued, 0);
    });
    test("delivers everything in one lane where the order is strict", async ({ defer, signal }) => {
      const outbox = await makeFixture(defer).open();
      const cloud = await outbox.openDestination("cloud", { order: "strict" });
      await outbox.append({ zone: "field", readings: [sample(1), event("a")] });
      cloud.openLive();
      await outbox.append({ zone: "field", readings: [sample(2)] });
      assert.is((await lease(cloud, "events", signal)).lease, 0);
      assert.is((await lease(cloud, "backlog", signal)).lease, 0);
      assert.equal((await lease(cloud, "live", signal)).ranges, [[1, 3]]);
    });
    test("gives each destination its own stream, and deletes it when the destination is closed for good", async ({ defer, signal }) => {
      const outbox = await makeFixture(defer).open();
      const cloud = await outbox.openDestination("cloud");
      const plant = await outbox.openDestination("plant");
      await outbox.append({ zone: "field", readings: samples(3) });
      await accept(cloud, await lease(cloud, "live", signal));
      assert.equal(values(await drain(plant, "live", signal)), [1, 2, 3]);
      await outbox.closeDestination("plant");
      await outbox.append({ zone: "field", readings: samples(2, 4) });
      assert.equal(outbox.figures("plant"), { queued: 0, dropped: 0, rejected: 0, oldestSeconds: null });
      assert.equal(values(await drain(cloud, "live", signal)), [4, 5]);
    });
  },
  { limitMs },
);

suite(
  "outbox, pairing",
  (test) => {
    test("goes on in the same stream after a restart, and in a new one when state.db does not fit", async ({ defer, signal }) => {
      const fixture = makeFixture(defer);
      let outbox = await fixture.open();
      const { stream } = await outbox.openDestination("cloud");
      await outbox.append({ zone: "field", readings: samples(2) });
      await outbox.close();
      outbox = await fixture.open();
      assert.is((await outbox.openDestination("cloud")).stream, stream);
      await outbox.close();
      outbox = await fixture.open({ generation: "an older one" });
      const cloud = await outbox.openDestination("cloud");
      assert.is.not(cloud.stream, stream);
      await outbox.append({ zone: "field", readings: samples(1, 3) });
      cloud.openLive();
      const all = await drain(cloud, "backlog", signal);
      assert.equal(all.map((one) => [one.stream === stream, one.seq, one.value]), [[true, 1, 1], [true, 2, 2], [false, 1, 3]]);
    });
    test("accepts the generation of the start before, so that a crash between the two files costs nothing", async ({ defer }) => {
      const fixture = makeFixture(defer);
      let outbox = await fixture.open();
      const { stream } = await outbox.openDestination("cloud");
      const generation = outbox.generation;
      await outbox.close();
      await (await fixture.open()).close();
      outbox = await fixture.open({ generation });
      assert.is((await outbox.openDestination("cloud")).stream, stream);
    });
  },
  { limitMs },
);
