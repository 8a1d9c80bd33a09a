// limit: 600s
// Shows what the register says of machines that go away without a word, by the product's own times: they are silent after 200 s, and the same entries as before when they are back.

import type { AssetEntry } from "../../../../firmware/conduit/assets.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import { startBetween, startSimulated } from "../two-segments.ts";
import { CELL_A, CELL_B } from "./fixture-field.ts";
import { buildCells } from "./wire.ts";

const CONFIGURATION = {
  segments: [
    { name: "cell-a", subnets: ["192.168.10.0/24"] },
    { name: "cell-b", subnets: ["192.168.11.0/24"] },
  ],
  network: {
    field: [
      { segment: "cell-a", interface: "ot-a", probePort: 37_020 },
      { segment: "cell-b", interface: "ot-b", probePort: 37_021 },
    ],
  },
};

/** It has answered up to one round of probes (60 s) before it went, and is silent 200 s after that; looked after every 5 s, and told at once. */
const SOONEST_MS = 139_000;
/** 205 s and a little, for a machine whose processors others hold. */
const LATEST_MS = 240_000;
/** Who is plugged in again says nothing by itself: the next round finds it. */
const BACK_MS = 120_000;

suite(
  "field, silence",
  (test) => {
    test("K1.7a a machine that is killed, and a machine and a computer whose cable is cut, are silent in the register after 200 s; back again, they are the same entries", async (context) => {
      const cells = buildCells(context.defer, [CELL_A, { ...CELL_B, hasSwitch: true }]);
      const killed = await startSimulated(context, cells, "a", "192.168.10.21", 0);
      await startSimulated(context, cells, "b", "192.168.11.21", 7);
      cells.start("b", "wsdd", ["--interface", "eth0", "--hostname", "PRESS-PC", "--workgroup", "SHOP", "--ipv4only", "--shortlog"]);
      const site = startBetween(context, cells, CONFIGURATION);
      const isMachine = (serial: string) => (entry: AssetEntry) => entry.nameplate?.serialNumber === serial;
      const isComputer = ({ segment, driver, endpoint }: AssetEntry): boolean => segment === "cell-b" && driver === null && endpoint !== null;
      const subjects = [isMachine("A1000"), isMachine("A1007"), isComputer];
      const before = await Promise.all(subjects.map((isIt, place) => site.entry(`subject ${place} is found`, (entry) => isIt(entry) && entry.presence === "present", 120_000)));

      const wentMs = systemClock.uptimeMs();
      killed.kill("SIGKILL");
      cells.cut("b");
      const tookMs = await Promise.all(
        before.map(async ({ key }) => {
          await site.entry(`${key} is silent`, (entry) => entry.key === key && entry.presence === "silent", LATEST_MS);
          return systemClock.uptimeMs() - wentMs;
        }),
      );
      if (process.env["WEIR_SHOW_FIGURES"] !== undefined) process.stderr.write(`silent after ${tookMs.map((ms) => Math.round(ms / 1000)).join(", ")} s\n`);
      for (const ms of tookMs) assert.ok(ms >= SOONEST_MS, `silent after ${Math.round(ms / 1000)} s already`);
      assert.equal((await site.list()).map(({ key }) => key), before.map(({ key }) => key).sort());

      cells.mend("b");
      await startSimulated(context, cells, "a", "192.168.10.21", 0);
      for (const { key, endpoint, id, firstSeen } of before) {
        const back = await site.entry(`${key} is present again`, (entry) => entry.key === key && entry.presence === "present", BACK_MS);
        assert.equal([back.endpoint, back.id, back.firstSeen], [endpoint, id, firstSeen]);
      }
      assert.is((await site.list()).length, before.length);
    }, { limitMs: 480_000 });

    test("K1.7a a gateway whose own port loses its cable finds the same machine again as the same entry when the cable is back", async (context) => {
      const cells = buildCells(context.defer, [CELL_A, { ...CELL_B, hasSwitch: true }]);
      await startSimulated(context, cells, "a", "192.168.10.21", 0);
      const site = startBetween(context, cells, CONFIGURATION);
      const found = await site.entry("the machine is found", ({ nameplate, presence }) => nameplate?.serialNumber === "A1000" && presence === "present");
      cells.run("a", "ip", ["link", "set", "eth0", "down"]);
      await site.gateway.child.line(/not searched yet/, context.signal);
      const { length } = site.gateway.child.output();
      cells.run("a", "ip", ["link", "set", "eth0", "up"]);
      const again = await site.entry("it is told again", ({ key, presence, lastSeen }) => key === found.key && presence === "present" && lastSeen !== found.lastSeen, BACK_MS);
      assert.ok(site.gateway.child.output().slice(length).includes("the segment is searched"));
      assert.equal([again.endpoint, again.firstSeen, (await site.list()).length], [found.endpoint, found.firstSeen, 1]);
    });
  },
  { needs: ["root", "netns", "wsdd"] },
);
