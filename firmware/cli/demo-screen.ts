// What the demonstration shows: a table that renews itself on a terminal, plain lines anywhere else.

import type { Reading } from "../../drivers/contract/reading.ts";
import type { ZoneStandings } from "../runtime/supervisor.ts";
import type { CollectorFigures } from "../simulator/collector.ts";

export interface DemoState {
  /** What changed since the last call. */
  readonly values: readonly { readonly asset: string; readonly name: string; readonly reading: Reading }[];
  readonly acknowledged: number;
  readonly queued: number;
  readonly dropped: number;
  readonly cloud: CollectorFigures;
}

export interface DemoScreen {
  introduce(lines: readonly string[]): void;
  zones(zones: ZoneStandings): void;
  /** How the page is opened, at a fixed place of the picture; empty once there is an account. */
  page(lines: readonly string[]): void;
  /** Where a machine stands on its way to publishing. */
  machine(name: string, step: string): void;
  show(state: DemoState): void;
  note(line: string): void;
  /** Leaves the last picture and the cursor below it. */
  close(): void;
}

export interface DemoOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export function openDemoScreen(output: DemoOutput): DemoScreen {
  const newest = new Map<string, Map<string, Reading>>();
  const steps = new Map<string, string>();
  let zoneLine = "";
  let pageLines: readonly string[] = [];
  const isTerminal = output.isTTY === true;
  const print = (line: string): unknown => output.write(`${line}\n`);
  const { redraw, release } = makePicture(output);
  return {
    introduce: (lines) => lines.forEach(print),
    note: (line) => {
      release();
      print(line);
    },
    zones(zones) {
      const line = writeZones(zones);
      if (line === zoneLine) return;
      zoneLine = line;
      if (!isTerminal) print(`zones: ${line}`);
    },
    page(lines) {
      pageLines = lines;
      if (!isTerminal) lines.forEach(print);
    },
    machine(name, step) {
      if (steps.get(name) === step) return;
      steps.set(name, step);
      if (!isTerminal) print(`machine ${name}: ${step}`);
    },
    show(state) {
      keepNewest(newest, state);
      if (isTerminal) redraw([...table(newest, steps), "", `zones: ${zoneLine}`, ...counters(state), ...(pageLines.length === 0 ? [] : ["", ...pageLines])]);
      else [...changes(state), counters(state).join("; ")].forEach(print);
    },
    close: () => undefined,
  };
}

/** Lines that take the place of the ones before, until what was printed in between releases them. */
function makePicture(output: DemoOutput): { redraw(lines: readonly string[]): void; release(): void } {
  let drawn = 0;
  return {
    redraw: (lines) => {
      const width = Math.max(40, output.columns ?? 120);
      // Up to the first line of the last picture, then everything below is cleared (ECMA-48 CPL, ED).
      const back = drawn > 0 ? `\x1b[${drawn}F\x1b[J` : "";
      output.write(back + lines.map((line) => `${line.slice(0, width - 1)}\n`).join(""));
      drawn = lines.length;
    },
    release: () => (drawn = 0),
  };
}

function keepNewest(newest: Map<string, Map<string, Reading>>, { values }: DemoState): void {
  for (const { name, reading } of values) {
    if (!newest.has(name)) newest.set(name, new Map());
    if ("point" in reading) newest.get(name)?.set(reading.point, reading);
  }
}

function writeZones(zones: ZoneStandings): string {
  return Object.entries(zones).map(([name, { state, restarts }]) => `${name} ${state}${restarts > 0 ? ` (restarted ${restarts}×)` : ""}`).join(", ");
}

function counters({ acknowledged, queued, dropped, cloud }: DemoState): string[] {
  return [
    `acknowledged to the machines: ${acknowledged}`,
    `outbox: ${queued} queued, ${dropped} dropped`,
    `cloud confirmed: ${cloud.readings} readings and ${cloud.events} events, ${cloud.duplicates} repeated, ${cloud.missing} missing`,
  ];
}

/** A column for each machine: where it stands, then its points with their newest values. */
function table(newest: ReadonlyMap<string, ReadonlyMap<string, Reading>>, steps: ReadonlyMap<string, string>): string[] {
  const names = [...new Set([...steps.keys(), ...newest.keys()])].sort();
  const points = [...new Set(names.flatMap((name) => [...(newest.get(name)?.keys() ?? [])]))].sort();
  const head = "".padEnd(22) + names.map((name) => name.padStart(14)).join("");
  const stand = "".padEnd(22) + names.map((name) => (steps.get(name) ?? "").slice(0, 13).padStart(14)).join("");
  return ["", head, stand, ...points.map((point) => point.padEnd(22) + names.map((name) => shown(newest.get(name)?.get(point)).padStart(14)).join(""))];
}

/** One line for each machine that has news, with the newest value of each point that changed. */
function changes({ values }: DemoState): string[] {
  const byName = new Map<string, string[]>();
  for (const { name, reading } of values) {
    const what = "point" in reading ? `${reading.point} ${shown(reading)}` : `event ${reading.event.type}`;
    byName.set(name, [...(byName.get(name) ?? []), what]);
  }
  return [...byName].map(([name, what]) => `${name}: ${what.join(", ")}`);
}

function shown(reading: Reading | undefined): string {
  if (reading === undefined || !("point" in reading)) return "";
  const { value, quality, unit } = reading;
  if (quality !== "good") return quality;
  return `${String(value)}${unit === undefined || unit === "1" ? "" : ` ${unit}`}`;
}
