// A program that appends, leases and settles until it is killed, and writes down what was acknowledged to it. Started by kill.test.ts.

import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { openOutbox } from "../../../../firmware/core/outbox/outbox.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";

const folder = process.argv[2] ?? ".";
const first = Number(process.argv[3]);
const silent = (): undefined => undefined;
const generationFile = `${folder}/generation`;
const outbox = await openOutbox({
  file: `${folder}/outbox.db`,
  clock: systemClock,
  log: { debug: silent, info: silent, warn: silent, error: silent },
  generation: existsSync(generationFile) ? readFileSync(generationFile, "utf8") : undefined,
  limits: { maxAgeMs: 1e12, maxFraction: 0.99, reserveBytes: 1, recentRows: 500 },
  report: { raise: silent, clear: silent },
  dropped: silent,
});
writeFileSync(generationFile, outbox.generation);
const cloud = await outbox.openDestination("cloud");
const epoch = `epoch-${process.pid}-${first}`;
const { signal } = new AbortController();
let next = first;

async function produce(): Promise<void> {
  for (let number = 1; ; number += 1) {
    const values = Array.from({ length: 1 + (number % 40) }, () => (next += 1));
    const time = new Date().toISOString();
    const readings = values.map((value) => ({ asset: "a", point: "p", value, quality: "good" as const, sourceTime: `2026-01-01T00:00:00.${String(value).padStart(9, "0")}Z`, gatewayTime: time }));
    await outbox.append({ zone: "field", identity: { epoch, number: number + next * 1000 }, readings });
    appendFileSync(`${folder}/acknowledged`, `${values.join("\n")}\n`);
  }
}

async function consume(lane: "live" | "backlog"): Promise<void> {
  for (;;) {
    const { head, body } = await cloud.lease({ lane, maxCount: 25, maxBytes: 65_536, lingerMs: 0, waitMs: 50 }, epoch, signal);
    if (head.lease === 0) continue;
    for (const { seq, value } of JSON.parse(body.toString()) as { seq: number; value: number }[]) appendFileSync(`${folder}/delivered`, `${head.stream} ${seq} ${value}\n`);
    const isKept = head.lease % 5 === 0;
    await cloud.settle({ stream: head.stream, accepted: isKept ? [] : head.ranges, rejected: [], kept: isKept ? head.ranges : [] }, epoch);
    if (!isKept) appendFileSync(`${folder}/settled`, head.ranges.map(([a, b]) => `${head.stream} ${a} ${b}\n`).join(""));
  }
}

cloud.openLive();
process.stdout.write("working\n");
await Promise.all([produce(), produce(), consume("live"), consume("backlog")]);
