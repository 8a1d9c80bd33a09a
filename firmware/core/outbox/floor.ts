// The second copy of what a stream has settled: up to which number everything is, on another page than the ranges themselves.

import { crc32 } from "node:zlib";
import type { Statements } from "./statements.ts";
import type { Stream } from "./stream.ts";

/** At most so many confirmed readings come again, under their old numbers, when the page with the ranges is lost. */
const FLOOR_STEP = 1000;

const NAME = /^floor:([0-9a-f-]{36})$/;

export function floorName(uuid: string): string {
  return `floor:${uuid}`;
}

/** Inside a transaction: writes it when it has moved far enough, or when `isWriting` anyway. */
export function keepFloor(sql: Statements, stream: Stream, isWriting: boolean): void {
  const floor = stream.settled.nextFree(1) - 1;
  const moved = floor - stream.floor;
  if (moved === 0 || (moved < FLOOR_STEP && !isWriting)) return;
  sql.setMeta.run(floorName(stream.uuid), `${floor} ${sumOf(stream.uuid, floor)}`);
  stream.floor = floor;
}

/** The stream and number that a row of `meta` says; undefined when it says none, or is damaged: a wrong one would cost readings. */
export function readFloor(name: string, value: string): { readonly uuid: string; readonly floor: number } | undefined {
  const uuid = NAME.exec(name)?.[1];
  const [floor = 0, sum] = value.split(" ").map(Number);
  return uuid !== undefined && Number.isSafeInteger(floor) && floor > 0 && sum === sumOf(uuid, floor) ? { uuid, floor } : undefined;
}

function sumOf(uuid: string, floor: number): number {
  return crc32(`${uuid} ${floor}`);
}
