// What the driver remembers durably of a machine: the name of its session at the broker, and the last event in the machine's order.

import { randomBytes } from "node:crypto";
import type { CursorMove } from "../contract/driver.ts";
import type { AssetId } from "../contract/identity.ts";

export interface Cursor {
  /** MQTT client id: unique to this gateway and machine, stable for ever, so that the broker keeps what we have not acknowledged. */
  readonly clientId: string;
  /** Id of the last event that is durable; undefined before the first. */
  readonly after: string | undefined;
}

/** The cursor that a text stands for; undefined for no text or another driver's. */
export function readCursor(text: string | undefined): Cursor | undefined {
  const parts = /^(weir-[0-9a-f]{16}) ([^]*)$/.exec(text ?? "");
  const [, clientId, after] = parts ?? [];
  return clientId === undefined ? undefined : { clientId, after: after === "" ? undefined : after };
}

export function moveTo(asset: AssetId, { clientId, after = "" }: Cursor): CursorMove {
  return { asset, cursor: `${clientId} ${after}` };
}

/** A cursor for a machine that has none. MQTT 3.1.1 §3.1.3.1: at most 23 characters of a client id are taken everywhere. */
export function startCursor(): Cursor {
  return { clientId: `weir-${randomBytes(8).toString("hex")}`, after: undefined };
}
