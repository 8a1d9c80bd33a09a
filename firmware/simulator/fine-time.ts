// Wall time finer than the millisecond of the clock, so that each simulated sample has a time of its own.

import type { Clock } from "../../drivers/contract/clock.ts";

export interface FineTime {
  /** Microseconds since 1970-01-01 UTC, comparable between processes of one host to some ten microseconds. */
  now(): number;
}

/** Waits for the clock's next millisecond (1 ms of CPU at most) and counts on from there by its monotonic time. */
export function makeFineTime(clock: Clock): FineTime {
  const first = clock.now();
  const startedMs = clock.uptimeMs();
  while (clock.now() === first && clock.uptimeMs() - startedMs < 5);
  const offsetMs = clock.now() - clock.uptimeMs();
  return { now: () => Math.round((clock.uptimeMs() + offsetMs) * 1000) };
}

let second = -1;
let secondText = "";

/** ISO 8601 UTC text with six digits of fraction. */
export function formatMicros(micros: number): string {
  const whole = Math.floor(micros / 1_000_000);
  if (whole !== second) {
    second = whole;
    secondText = new Date(whole * 1000).toISOString().slice(0, 20);
  }
  return `${secondText}${String(micros - whole * 1_000_000).padStart(6, "0")}Z`;
}

/** Microseconds of an ISO 8601 UTC text; NaN for anything else. */
export function parseMicros(text: string): number {
  const dot = text.indexOf(".");
  if (dot < 0) return Date.parse(text) * 1000;
  const fraction = text.slice(dot + 1, -1).padEnd(6, "0").slice(0, 6);
  return parseSecond(text.slice(0, dot)) * 1000 + Number(fraction);
}

let parsedText = "";
let parsedMs = 0;

function parseSecond(text: string): number {
  if (text !== parsedText) {
    parsedMs = Date.parse(`${text}Z`);
    parsedText = text;
  }
  return parsedMs;
}
