// Measures a running setup between two reports of its collector.

import type { CollectorFigures } from "../../firmware/simulator/collector.ts";
import { cpuMsOf } from "./program.ts";
import type { Setup } from "./setups.ts";

export interface Measured {
  readonly perSecond: number;
  readonly readings: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** CPU microseconds per reading by part. */
  readonly cpuMicros: ReadonlyMap<string, number>;
}

interface Report {
  readonly figures: CollectorFigures;
  readonly atMs: number;
}

/** The first report ends the warm-up; what lies between it and the second is measured. */
export async function measure(setup: Setup): Promise<Measured> {
  const first = await nextReport(setup);
  const before = costs(setup);
  const second = await nextReport(setup);
  const after = costs(setup);
  const readings = second.figures.readings - first.figures.readings;
  const seconds = (second.atMs - first.atMs) / 1000;
  const cpuMicros = new Map([...after].map(([name, ms]) => [name, ((ms - (before.get(name) ?? 0)) * 1000) / Math.max(1, readings)]));
  return { readings, perSecond: readings / seconds, p50Ms: second.figures.p50Ms, p99Ms: second.figures.p99Ms, cpuMicros };
}

async function nextReport({ collector }: Setup): Promise<Report> {
  const figures = (await collector.program.next("figures")) as CollectorFigures;
  return { figures, atMs: Number(collector.program.newest("atMs")) };
}

function costs(setup: Setup): Map<string, number> {
  return new Map([...setup.parts()].map(([name, pid]) => [name, cpuMsOf(pid)]));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return (low + high) / 2;
}

/** One line with what each part costs. */
export function describeCost({ cpuMicros }: Measured): string {
  return [...cpuMicros].map(([name, micros]) => `${name} ${micros.toFixed(1)}`).join(", ");
}
