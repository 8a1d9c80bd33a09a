// What a simulated wire-processing machine measures, and how its values move.

import type { PointSpec } from "../../drivers/contract/driver.ts";

/** One kind of point. `next` gives the JSON text of the value after `count` values before it. */
export interface PointModel extends PointSpec {
  readonly next: (count: number, random: () => number) => string;
  /** Says why a written value is refused (422); undefined where it is taken. Absent: the point is read only (403). */
  readonly refusal?: (value: unknown) => string | undefined;
}

const around = (middle: number, spread: number, digits: number) => (_count: number, random: () => number) => String(Number((middle + (random() + random() - 1) * spread).toFixed(digits)));
const word = (words: readonly string[], each: number) => (count: number) => JSON.stringify(words[Math.floor(count / each) % words.length]);

export const MACHINE_POINTS: readonly PointModel[] = [
  { id: "pieces", name: "Pieces produced", unit: "1", dataType: "number", access: "read", next: (count) => String(count + 1) },
  { id: "crimp/force", name: "Crimp force", unit: "N", dataType: "number", access: "read", next: around(2400, 60, 1) },
  { id: "crimp/height", name: "Crimp height", unit: "mm", dataType: "number", access: "read", next: around(1.32, 0.02, 3) },
  { id: "wire/length", name: "Wire length", unit: "mm", dataType: "number", access: "read", next: around(450, 0.8, 2) },
  { id: "wire/feed", name: "Wire feed speed", unit: "m/s", dataType: "number", access: "read", next: around(6, 0.2, 2) },
  { id: "pull-off/force", name: "Pull-off force", unit: "N", dataType: "number", access: "read", next: around(112, 9, 1) },
  { id: "cabinet/temperature", name: "Cabinet temperature", unit: "°C", dataType: "number", access: "read", next: around(38, 3, 1) },
  { id: "state", name: "State", dataType: "string", access: "read", next: word(["producing", "producing", "producing", "setup", "waiting"], 40) },
  { id: "job", name: "Job", dataType: "string", access: "readWrite", next: (count) => JSON.stringify(`WPC-${4711 + Math.floor(count / 100)}`), refusal: refuseJob },
  { id: "speed/setpoint", name: "Speed setpoint", unit: "1/h", dataType: "number", access: "readWrite", next: () => "4200", refusal: refuseSpeed },
];

function refuseJob(value: unknown): string | undefined {
  return typeof value === "string" && value.length > 0 && value.length <= 64 ? undefined : "A job is a text of 1 to 64 characters.";
}

function refuseSpeed(value: unknown): string | undefined {
  return typeof value === "number" && value >= 500 && value <= 6000 ? undefined : "The speed is a number from 500 to 6000.";
}

export interface EventModel {
  readonly type: string;
  readonly severity: number;
  readonly message: string;
}

export const MACHINE_EVENTS: readonly EventModel[] = [
  { type: "wire-end", severity: 400, message: "Wire end detected: load a new spool." },
  { type: "crimp-force-out-of-range", severity: 700, message: "Crimp force outside of its window: the piece was cut and sorted out." },
  { type: "job-done", severity: 100, message: "Job finished." },
  { type: "guard-open", severity: 800, message: "Safety guard opened." },
  { type: "applicator-service", severity: 300, message: "Applicator is due for service." },
];
