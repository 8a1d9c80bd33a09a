// Shows that a simulated machine speaks its interface and that its ledger is fair.

import { join } from "node:path";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { MACHINE_DEFAULTS } from "../../../firmware/simulator/defaults.ts";
import { parseLine, textLines, type LedgerLine } from "../../../firmware/simulator/ledger-lines.ts";
import { startMachines, type Machines, type MachinesOptions } from "../../../firmware/simulator/machines.ts";
import { assert, suite, type Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import { subscribeRaw } from "./raw-subscriber.ts";

interface Running {
  readonly machines: Machines;
  readonly url: string;
  readonly publishPort: number;
  /** Ends the machines and reads what they wrote. */
  ledger(): Promise<LedgerLine[]>;
}

async function run(defer: Defer, options: Partial<MachinesOptions>, clock: Clock = systemClock): Promise<Running> {
  const path = join(makeTempDir(defer), "machines.ndjson");
  const machines = await startMachines({ ...MACHINE_DEFAULTS, count: 1, eventsPerMinute: 0, ledger: path, ...options }, clock);
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (!isClosed) await machines.close();
    isClosed = true;
  };
  defer(close);
  const [machine] = machines.all;
  if (machine === undefined) throw new Error("no machine");
  const ledger = async (): Promise<LedgerLine[]> => {
    await close();
    return [...textLines(path)].map(parseLine);
  };
  return { machines, url: machine.url, publishPort: Number(new URL(machine.publishUrl).port), ledger };
}

const put = (url: string, body: string): Promise<Response> => fetch(url, { method: "PUT", body });

suite("simulated machine, Request", (test) => {
  test("says who it is, which points it has and where it publishes", async ({ defer, signal }) => {
    const { url, publishPort } = await run(defer, {});
    const get = async (path: string): Promise<Record<string, unknown>> => (await fetch(`${url}/${path}`, { signal })).json() as Promise<Record<string, unknown>>;
    assert.is((await get("identification"))["serialNumber"], "A1000");
    assert.equal(await get("publish"), { url: `mqtt://127.0.0.1:${publishPort}`, root: "miko/v1/A1000" });
    const { points } = (await get("points")) as { points: { id: string; quality: string }[] };
    assert.ok(points.length >= 8 && points.every(({ quality }) => quality === "good"));
    assert.is((await get("points/crimp%2Fforce"))["quality"], "good");
    assert.equal(await get("events"), { events: [] });
  });
  test("answers a write with 204, 403 or 422 and everything else with a problem document", async ({ defer }) => {
    const { url } = await run(defer, {});
    assert.is((await put(`${url}/points/job`, '{"value":"WPC-1"}')).status, 204);
    assert.is((await put(`${url}/points/pieces`, '{"value":1}')).status, 403);
    assert.is((await put(`${url}/points/job`, '{"value":5}')).status, 422);
    assert.is((await put(`${url}/points/job`, "no json")).status, 400);
    assert.is((await put(`${url}/points/nonesuch`, '{"value":1}')).status, 404);
    const refused = await put(`${url}/identification`, "{}");
    assert.is(refused.status, 405);
    assert.is(refused.headers.get("content-type"), "application/problem+json");
    assert.is((await fetch(`${url}/points/a/b`)).status, 404);
  });
  test("serves the events after an id, and all it keeps after an unknown one", async ({ defer, signal }) => {
    const { url, machines, publishPort } = await run(defer, { rate: 0, eventsPerMinute: 6000 });
    await (await subscribeRaw(defer, publishPort, 4)).publishes(4);
    machines.pause();
    const read = async (query: string): Promise<string[]> => ((await (await fetch(`${url}/events${query}`, { signal })).json()) as { events: { id: string }[] }).events.map(({ id }) => id);
    const all = await read("");
    assert.ok(all.length >= 3);
    assert.equal(await read(`?after=${all[0]}`), all.slice(1));
    assert.equal(await read("?after=unknown"), all);
  });
});

suite("simulated machine, Publish", (test) => {
  for (const version of [4, 5] as const) {
    test(`sends again after a reconnect what was not acknowledged, marked and in order, and writes down what was (MQTT ${version})`, async ({ defer }) => {
      const { publishPort, ledger } = await run(defer, { rate: 500, window: 5 });
      const first = await subscribeRaw(defer, publishPort, version);
      const seen = await first.publishes(5);
      for (const packet of seen.slice(0, 2)) first.acknowledge(packet);
      const more = await first.publishes(7);
      await first.cut();
      const second = await subscribeRaw(defer, publishPort, version);
      assert.ok(second.sessionPresent);
      const again = await second.publishes(5);
      assert.equal(again.slice(0, 5).map(({ payload }) => String(payload)), more.slice(2, 7).map(({ payload }) => String(payload)));
      assert.ok(again.slice(0, 5).every(({ dup }) => dup));
      for (const packet of again.slice(0, 5)) second.acknowledge(packet);
      await second.publishes(10);
      await second.cut();
      const lines = await ledger();
      const acknowledged = lines.filter((line) => line.acknowledged === true);
      // The first message is the retained status, which is no reading.
      assert.is(acknowledged.length, 6);
      assert.is(acknowledged.filter(({ sent }) => sent === 2).length, 5);
      assert.ok(lines.some((line) => line.acknowledged === false));
    });
  }
  test("writes down as not acknowledged what it drops beyond what it keeps", async ({ defer, signal }) => {
    const { machines, publishPort, ledger } = await run(defer, { rate: 2000, window: 1, keep: 10 });
    await (await subscribeRaw(defer, publishPort, 4)).cut();
    while (machines.figures().dropped < 50) await systemClock.sleep(5, signal);
    const lines = await ledger();
    assert.ok(lines.length >= 60);
    assert.ok(lines.every(({ acknowledged }) => acknowledged === false));
  });
  test("gives each sample of a point a later time, also when the wall clock goes back a year", async ({ defer }) => {
    let shiftMs = 0;
    const clock: Clock = { ...systemClock, uptimeMs: () => systemClock.uptimeMs() + shiftMs };
    const { publishPort, ledger } = await run(defer, { rate: 1000, window: 1000 }, clock);
    const subscriber = await subscribeRaw(defer, publishPort, 4);
    await subscriber.publishes(30);
    shiftMs = -365 * 86_400_000;
    await subscriber.publishes(31);
    const lasts = new Map<string, string>();
    for (const { point = "", sourceTime } of await ledger()) {
      assert.ok((lasts.get(point) ?? "") < (sourceTime ?? ""));
      lasts.set(point, sourceTime ?? "");
    }
    assert.ok(lasts.size > 0);
  });
  test("gives the same values for the same seed and others for another", async ({ defer }) => {
    const values = async (seed: number): Promise<unknown[]> => {
      const { publishPort, ledger } = await run(defer, { rate: 1000, seed });
      await (await subscribeRaw(defer, publishPort, 4)).publishes(41);
      return (await ledger()).slice(0, 40).map(({ value }) => value);
    };
    const first = await values(7);
    assert.equal(await values(7), first);
    assert.not.equal(await values(8), first);
  });
});
