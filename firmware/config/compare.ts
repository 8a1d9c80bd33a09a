// What a changed configuration means for the running gateway: what can be applied at once, and what waits for a restart.

import { createHash } from "node:crypto";
import { namespacesOf } from "./namespaces.ts";
import type { Configuration } from "./schema.ts";

/** A setting or section, and whether a change of it reaches the running zones. */
interface Part {
  readonly name: string;
  readonly isLive: boolean;
  read(configuration: Configuration): unknown;
}

const PARTS: readonly Part[] = [
  // The id is in every topic, in the will and in the stream's name at the receiver: a session cannot change it while it lives.
  { name: "gateway.id", isLive: false, read: ({ gateway }) => gateway.id },
  { name: "gateway.name", isLive: true, read: ({ gateway }) => gateway.name },
  { name: "equipment", isLive: true, read: ({ equipment }) => equipment },
  { name: "segments", isLive: true, read: ({ segments }) => segments },
  { name: "assets", isLive: true, read: ({ assets }) => assets },
  { name: "acceptance", isLive: true, read: ({ acceptance }) => acceptance },
  { name: "network", isLive: true, read: ({ network }) => network },
  // Core serves one conduit, and one process runs, for each of them from the start.
  { name: "network.field[].namespace", isLive: false, read: namespacesOf },
  { name: "cloud", isLive: true, read: ({ cloud }) => cloud },
  { name: "plant", isLive: true, read: ({ plant }) => plant },
  { name: "outbox", isLive: true, read: ({ outbox }) => outbox },
  { name: "log", isLive: true, read: ({ log }) => log },
  { name: "page", isLive: true, read: ({ page }) => page },
  { name: "accounts", isLive: true, read: ({ accounts }) => accounts },
  { name: "contacts", isLive: true, read: ({ contacts }) => contacts },
];

export interface ConfigurationChange {
  /** Parts that differ and are to be applied at once. */
  readonly applied: readonly string[];
  /** Parts that differ and keep their old value until the next start. */
  readonly needsRestart: readonly string[];
}

/** A mark of each part's content by the part's name. */
export type PartMarks = ReadonlyMap<string, string>;

/** Marks that are equal exactly where the parts are; the order of keys does not count. Takes some 10 ms for 2,000 machines: for a thread of its own. */
export function markParts(configuration: Configuration): PartMarks {
  return new Map(PARTS.map(({ name, read }) => [name, createHash("sha256").update(write(read(configuration))).digest("base64")]));
}

/** Which parts differ between two configurations. */
export function compareMarks(before: PartMarks, after: PartMarks): ConfigurationChange {
  const changed = PARTS.filter(({ name }) => before.get(name) !== after.get(name));
  const names = (isLive: boolean): string[] => changed.filter((part) => part.isLive === isLive).map(({ name }) => name);
  return { applied: names(true), needsRestart: names(false) };
}

/** JSON with the keys in one order. */
function write(value: unknown): string {
  const inOrder = (_: string, item: unknown): unknown => (typeof item === "object" && item !== null && !Array.isArray(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item);
  return JSON.stringify(value, inOrder) ?? "";
}
