// A process that lives with an outbox while it is recorded: appends, leases and settles, and notes on the same disk what it was told.
// Notes are one per line: `accepted <first> <last>` after an append was acknowledged, `settling <n…>` before and `settled <n…>` after a settle.

import { openSync, writeSync } from "node:fs";
import { join } from "node:path";

import type { Reading } from "../../drivers/contract/reading.ts";
import { openOutbox } from "../../firmware/core/outbox/outbox.ts";
import type { Destination } from "../../firmware/core/outbox/contract.ts";
import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { seededRandom } from "../../firmware/runtime/backoff.ts";

const [folder = "", seed = "1", requests = "300"] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const notes = openSync(join(folder, "notes"), "a");
const note = (text: string): number => writeSync(notes, `${text}\n`);
const signal = new AbortController().signal;

const outbox = await openOutbox({
  file: join(folder, "outbox.db"),
  clock: systemClock,
  log: silent,
  generation: undefined,
  limits: { maxAgeMs: 86_400_000, maxFraction: 1, reserveBytes: 0, recentRows: 200, gatherMs: 0 },
  report: { raise: () => undefined, clear: () => undefined },
  dropped: () => undefined,
});
const cloud = await outbox.openDestination("cloud");
let next = 1;
for (let request = 1; request <= Number(requests); request++) {
  await append(1 + Math.floor(random() * 40), request);
  if (random() < 0.5) await deliver(cloud, 1 + Math.floor(random() * 60));
}
await outbox.close();

async function append(count: number, number: number): Promise<void> {
  const readings = Array.from({ length: count }, (_, index) => sample(next + index));
  await outbox.append({ zone: "source-field", identity: { epoch: "00000000-0000-4000-8000-000000000001", number }, readings, cursors: [{ asset: "urn:weir:t:m:1", cursor: String(next + count - 1) }] });
  note(`accepted ${next} ${next + count - 1}`);
  next += count;
}

function sample(value: number): Reading {
  const time = new Date(1_700_000_000_000 + value).toISOString();
  return { asset: "urn:weir:t:m:1", point: "counter", value, quality: "good", reason: "x".repeat(150 + (value % 100)), sourceTime: time, gatewayTime: time };
}

async function deliver(destination: Destination, maxCount: number): Promise<void> {
  const { head, body } = await destination.lease({ lane: "backlog", maxCount, maxBytes: 100_000, lingerMs: 0, waitMs: 0 }, "workload", signal);
  if (head.count === 0) return destination.openLive();
  const values = (JSON.parse(body.toString("utf8")) as { value: number }[]).map((reading) => reading.value).join(" ");
  note(`settling ${values}`);
  await destination.settle({ stream: head.stream, accepted: head.ranges, rejected: [], kept: [] }, "workload");
  note(`settled ${values}`);
}
