// What a changed configuration means for the running gateway: what can be applied at once, and what waits for a restart.

import { isDeepStrictEqual } from "node:util";
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
  { name: "network", isLive: true, read: ({ network }) => network },
  { name: "cloud", isLive: true, read: ({ cloud }) => cloud },
  { name: "outbox", isLive: true, read: ({ outbox }) => outbox },
  { name: "log", isLive: true, read: ({ log }) => log },
];

export interface ConfigurationChange {
  /** Parts that differ and are to be applied at once. */
  readonly applied: readonly string[];
  /** Parts that differ and keep their old value until the next start. */
  readonly needsRestart: readonly string[];
}

/** Which parts differ between two configurations; the order of keys does not count. */
export function compareConfigurations(before: Configuration, after: Configuration): ConfigurationChange {
  const changed = PARTS.filter((part) => !isDeepStrictEqual(part.read(before), part.read(after)));
  const names = (isLive: boolean): string[] => changed.filter((part) => part.isLive === isLive).map(({ name }) => name);
  return { applied: names(true), needsRestart: names(false) };
}
