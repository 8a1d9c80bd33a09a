// What the steps of the judgement work on: the room's parts, and what they change.

import type { AcceptanceParts } from "./acceptance-parts.ts";
import type { Configured } from "./configured.ts";
import type { Entries } from "./entries.ts";
import type { HistoryEvent } from "./entry.ts";
import type { Machines } from "./machines.ts";
import type { Presences } from "./presences.ts";
import type { Rulebook } from "./rulebook.ts";
import type { Tellings } from "./tellings.ts";

export interface Gate {
  readonly parts: AcceptanceParts;
  readonly entries: Entries;
  /** By an entry's number, or `=` and the name of a configured machine. */
  readonly presences: Presences<string>;
  readonly machines: Machines;
  readonly rulebook: Rulebook;
  readonly configured: Configured;
  readonly tellings: Tellings;
  /** Another one is read now, or one less: told with the next `announce`. */
  changed(): void;
  /** What goes into an entry's history. */
  event(kind: HistoryEvent["kind"], actor: string, detail: string): HistoryEvent;
}
