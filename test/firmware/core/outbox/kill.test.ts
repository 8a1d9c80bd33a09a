// Shows that no acknowledged reading is lost and no number means two readings, however often the process is killed (REL-1).

import { existsSync, readFileSync } from "node:fs";
import { drain, makeFixture } from "./fixture.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { startChild } from "../../../support/child.ts";
import { assert, suite } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";

const KILLS = Number(process.env["WEIR_OUTBOX_KILLS"] ?? 50);

function lines(path: string): string[] {
  if (!existsSync(path)) return [];
  // A line that the kill cut off was not written down.
  return readFileSync(path, "utf8").split("\n").slice(0, -1);
}

suite("outbox, kills", (test) => {
  test(
    `keeps every acknowledged reading through ${KILLS} kills at random times`,
    async ({ defer, signal }) => {
      const folder = makeTempDir(defer);
      for (let round = 0; round < KILLS; round += 1) {
        const child = startChild(defer, process.execPath, [`${import.meta.dirname}/kill-target.ts`, folder, String(round * 1_000_000)]);
        await child.line(/working/, signal);
        await systemClock.sleep(Math.random() * 150, signal);
        child.kill("SIGKILL");
        await child.exited;
      }
      const outbox = await makeFixture(defer, folder).open({ generation: readFileSync(`${folder}/generation`, "utf8") });
      const cloud = await outbox.openDestination("cloud");
      const rest = await drain(cloud, "backlog", signal);
      const valueAt = new Map<string, string>();
      const delivered = lines(`${folder}/delivered`).filter((line) => line.split(" ").length === 3);
      for (const line of [...delivered, ...rest.map(({ stream, seq, value }) => `${stream} ${seq} ${String(value)}`)]) {
        const [stream, seq, value = ""] = line.split(" ");
        const before = valueAt.get(`${stream} ${seq}`);
        assert.ok(before === undefined || before === value, `${stream} ${seq} is ${before} and ${value}`);
        valueAt.set(`${stream} ${seq}`, value);
      }
      const received = new Set(valueAt.values());
      const acknowledged = lines(`${folder}/acknowledged`);
      assert.ok(acknowledged.length > KILLS, `${acknowledged.length} readings acknowledged`);
      assert.equal(acknowledged.filter((value) => !received.has(value)), []);
      assert.is(received.size, valueAt.size);
      const restKeys = new Set(rest.map(({ stream, seq }) => `${stream} ${seq}`));
      for (const line of lines(`${folder}/settled`)) {
        const [stream, first, last] = line.split(" ");
        for (let seq = Number(first); seq <= Number(last); seq += 1) assert.not(restKeys.has(`${stream} ${seq}`), `${stream} ${seq} was settled and came again`);
      }
    },
    { limitMs: 240_000 },
  );
});
