// Shows that a large or hostile configuration does not hold the process that has it inspected.

import { markParts } from "../../../firmware/config/compare.ts";
import { inspectApart, loadApart } from "../../../firmware/config/inspect-apart.ts";
import { inspectConfiguration } from "../../../firmware/config/load.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { makeFakeClock } from "../../support/fake-clock.ts";
import { assert, suite } from "../../support/suite.ts";

const clock = systemClock;

function machines(count: number): string {
  const asset = (index: number): string => `  - {name: press-${index}, miko: {url: "http://10.0.${index >> 8}.${index & 255}/"}}\n`;
  return `assets:\n${Array.from({ length: count }, (_, index) => asset(index)).join("")}`;
}

suite("configuration, inspecting apart", (test) => {
  test("it gives what inspecting in place gives, frozen all through", async ({ signal }) => {
    for (const text of ["log: {level: warn}\n", machines(100), `${machines(100)}lgo: 1\n`, Buffer.from(machines(50))]) {
      const inPlace = inspectConfiguration(text);
      const marks = inPlace.configuration === undefined ? new Map() : markParts(inPlace.configuration);
      for (const inPlaceBytes of [0, 1_000_000]) assert.equal(await inspectApart(text, { clock, inPlaceBytes }, signal), { ...inPlace, marks });
    }
    const { configuration } = await inspectApart(machines(50), { clock, inPlaceBytes: 0 }, signal);
    assert.ok(Object.isFrozen(configuration?.assets[49]?.config));
  });
  test("a fault has its line, as in place", async ({ signal }) => {
    const fault = await assert.rejects(loadApart("\nlgo: 1\n", "weir.yaml", { clock, inPlaceBytes: 0 }, signal), "CONFIG_INVALID");
    assert.match(String(fault), /weir\.yaml:2:1: .*lgo/);
  });
  test("a hostile text holds the caller for a small part of its time", async ({ signal }) => {
    // Counted in the processor's time: on a loaded machine others hold this thread, too.
    const own = (): number => process.threadCpuUsage().user / 1000;
    const all = process.cpuUsage();
    let longestMs = 0;
    const done = new AbortController();
    const inspecting = inspectApart("? ".repeat(200_000), { clock }, signal).finally(() => done.abort());
    for (let beforeMs = own(); !done.signal.aborted; beforeMs = own()) {
      await clock.sleep(1, signal);
      longestMs = Math.max(longestMs, own() - beforeMs);
    }
    const tookMs = process.cpuUsage(all).user / 1000;
    assert.ok((await inspecting).problems.length > 0);
    assert.ok(longestMs < Math.max(100, tookMs / 3), `${Math.round(longestMs)} ms of ${Math.round(tookMs)} ms`);
  });
  test("a text that takes more than a minute is refused with words that say so", async ({ signal }) => {
    const fake = makeFakeClock();
    const loading = loadApart("? ".repeat(200_000), "weir.yaml", { clock: fake }, signal);
    await fake.advance(60_001);
    assert.match(String(await assert.rejects(loading, "CONFIG_INVALID")), /weir\.yaml:1:1: checking the file was given up after 60 s\. /);
  });
  test("it ends with its signal", async () => {
    const stop = new AbortController();
    const inspecting = inspectApart(machines(500), { clock }, stop.signal);
    stop.abort();
    await assert.rejects(inspecting, "CANCELLED");
  });
}, { limitMs: 30_000 });
