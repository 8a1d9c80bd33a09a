// What core makes of the ingest endpoint's standing, and of faulty peers: conditions that fade, and entries in the audit log, both few.

import type { FaultReport } from "../../../drivers/contract/fault.ts";
import type { InputOf } from "../../conduit/route.ts";
import type { sourceConduit } from "../../conduit/source.ts";
import type { Handlers } from "../../runtime/conduit-server.ts";
import { wordsOf } from "../health/fault-conditions.ts";
import type { CoreParts } from "../parts.ts";

type Parts = Pick<CoreParts, "clock" | "conditions" | "fading" | "pki" | "trail">;
type Listener = InputOf<typeof sourceConduit.ingest>["listeners"][number];

const FULL_MS = 60_000;
const PEER_MS = 600_000;
/** Addresses that are told of by themselves, per condition; the rest is `others`. */
const MAX_SUBJECTS = 32;
/** Entries in the audit log: of one address and code one in ten minutes, of all together so many. */
const MAX_ENTRIES = 30;

/** What each zone said last of where it listens. */
export type Listening = Map<string, readonly Listener[]>;

/** `zone` is the actor in the audit log. `listening` is one for all zones: where cells share a subnet, several listen. */
export function makeIngestHandlers(core: Parts, zone: string, listening: Listening = new Map()): Pick<Handlers<typeof sourceConduit>, "ingest" | "peer"> {
  const { conditions, fading } = core;
  const subjects = makeBounded(core, MAX_SUBJECTS);
  const entries = makeBounded(core, MAX_ENTRIES);
  let untold = 0;
  const record = (address: string, fault: FaultReport): void => {
    const key = `${address} ${fault.code}`;
    if (entries.has(key) || !entries.take(key)) return void (untold += 1);
    core.trail.recordDenied(zone, address, untold === 0 ? fault : { ...fault, message: `${fault.message} (and ${untold} refusals before that have no entry of their own)` });
    untold = 0;
  };
  return {
    ingest: async ({ listeners: own, connections, isFull }) => {
      listening.set(zone, own);
      const listeners = [...listening.values()].flat();
      await core.pki.listening(listeners);
      conditions.replaceAll("INGEST_PLAIN", detailsOf(listeners.filter(({ isTls }) => !isTls), portOf, ({ address }) => address));
      conditions.replaceAll("INGEST_CLOSED", detailsOf(listeners.filter(({ fault }) => fault !== undefined), doorOf, ({ fault }) => wordsOf(fault, "lost")));
      if (isFull) fading.note("INGEST_FULL", zone.replace("source-field", "ingest"), `${connections} connections; what was received and is not durable yet has reached its bound.`, FULL_MS);
      return {};
    },
    peer: ({ fault }) => {
      const address = addressIn(fault.where);
      const code = fault.kind === "denied" ? "INGEST_REFUSED" : "PEER_FAULTY";
      fading.note(code, subjects.take(`${code} ${address}`) ? address : "others", wordsOf(fault, "lost"), PEER_MS);
      if (fault.kind === "denied") record(address, fault);
      return {};
    },
  };
}

/** By subject, what is to be said of all that have it. */
function detailsOf(listeners: readonly Listener[], subject: (listener: Listener) => string, words: (listener: Listener) => string): ReadonlyMap<string, string> {
  return new Map([...Map.groupBy(listeners, subject)].map(([name, same]) => [name, same.map(words).join(", ")]));
}

function portOf({ segment, port }: Listener): string {
  return `segment ${segment}, port ${port}`;
}

function doorOf(listener: Listener): string {
  return `${portOf(listener)} at ${listener.address}`;
}

/** The peer's address, which ends a fault's place, without its port: that is another for each connection. */
export function addressIn(where: string | undefined): string {
  const last = where?.split(" ").at(-1) ?? "";
  const [, bracketed] = /^\[(.+)\](?::\d+)?$/.exec(last) ?? [];
  const [, plain] = /^(\d+\.\d+\.\d+\.\d+)(?::\d+)?$/.exec(last) ?? [];
  const address = bracketed ?? plain ?? last;
  return /^[0-9a-fA-F.:]+(%[\w.-]+)?$/.test(address) ? address : "unknown";
}

interface Bounded {
  has(key: string): boolean;
  /** False where so many others were taken in the last ten minutes. */
  take(key: string): boolean;
}

function makeBounded({ clock }: Pick<Parts, "clock">, max: number): Bounded {
  const taken = new Map<string, number>();
  const forget = (): void => {
    for (const [key, ms] of taken) if (clock.uptimeMs() - ms >= PEER_MS) taken.delete(key);
  };
  return {
    has: (key) => {
      forget();
      return taken.has(key);
    },
    take: (key) => {
      forget();
      if (!taken.has(key) && taken.size >= max) return false;
      taken.set(key, clock.uptimeMs());
      return true;
    },
  };
}
