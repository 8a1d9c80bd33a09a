// Readings that the broker refused alone: rejected only once it has confirmed another one after them; otherwise the link is to blame.

import type { SeqRange } from "../../conduit/shared.ts";
import type { Lease, LeaseDesk } from "./lease-desk.ts";

export interface Suspect {
  readonly lease: Lease;
  readonly range: SeqRange;
  readonly reason: string;
  /** The number of the last message that was sent before it became suspect. */
  readonly after: number;
}

export interface Suspects {
  hold(suspect: Suspect): void;
  /** A telemetry message was confirmed: what became suspect before it was sent is guilty and is settled as rejected. */
  confirmed(sendNumber: number): Promise<void>;
  /** True when so many are held that nothing can be getting through: it is the link, and nothing is rejected. */
  isLink(): boolean;
  /** The connection has ended: all that is held is settled as kept. */
  keepAll(): Promise<void>;
}

/** So many suspects in a row without one confirmation, and the readings are not what is wrong. */
export const LINK_AFTER = 16;

/** `convicts` says once of each suspect that has its witness whether it is rejected now, or kept and tried again. */
export function makeSuspects(desk: LeaseDesk, convicts: (suspect: Suspect) => boolean): Suspects {
  let held: Suspect[] = [];
  return {
    hold: (suspect) => void held.push(suspect),
    isLink: () => held.length >= LINK_AFTER,
    confirmed: async (sendNumber) => {
      if (held.length === 0) return;
      const guilty = held.filter((suspect) => suspect.after < sendNumber);
      held = held.filter((suspect) => suspect.after >= sendNumber);
      await Promise.all(
        guilty.map((suspect) => {
          const { lease, range, reason } = suspect;
          return desk.settle(lease, convicts(suspect) ? { rejected: [{ range, reason: reason.slice(0, 512) }] } : { kept: [range] });
        }),
      );
    },
    keepAll: async () => {
      const free = held;
      held = [];
      await Promise.all(free.map((suspect) => desk.settle(suspect.lease, { kept: [suspect.range] })));
    },
  };
}
