// Keeps a search open for each segment that has one to do: begins when the interface has an address, begins anew when it changes, ends with the duty.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, type Fault } from "../../../drivers/contract/fault.ts";
import type { SegmentDuty } from "../../conduit/source.ts";
import type { Log } from "../../runtime/journal.ts";
import { linkIdentity, listOwnAddresses } from "../../runtime/own-addresses.ts";
import type { OwnAddress } from "../../runtime/own-addresses.ts";
import type { FoundQueue } from "./found-queue.ts";
import { ownSide } from "./own-side.ts";
import type { AnnouncementTable } from "./present-report.ts";
import { openSegmentWatch, WATCH_TIMES, type SegmentWatch, type WatchTimes } from "./segment-watch.ts";

export interface KeeperParts {
  readonly table: AnnouncementTable;
  readonly queue: FoundQueue;
  readonly clock: Clock;
  readonly log: Log;
  readonly times?: WatchTimes;
  /** Core is told of a source that sends too much; never rejects. */
  readonly tellPeer: (fault: Fault) => void;
}

export interface SegmentKeeper {
  /** Brings the searches in line with the duties, and tells core again what is present: it may be a new one. Returns at once. */
  apply(duties: readonly SegmentDuty[]): void;
  /** Says goodbye everywhere; resolves when all is closed. */
  stop(): Promise<void>;
}

interface Running {
  readonly key: string;
  readonly abort: AbortController;
  watch: SegmentWatch | undefined;
  done: Promise<void>;
}

/** So often it is looked whether the interface still has the addresses that it is searched from. */
const LOOK_MS = 2000;
/** A new core is told at once; after that, changes of what it assigns bring no more than this. */
const RETELL_MS = 10_000;

export function makeSegmentKeeper(parts: KeeperParts): SegmentKeeper {
  const running = new Map<string, Running>();
  const nextInstance = countLives(parts.clock);
  const retelling = makeRetelling(parts.clock, () => {
    for (const { watch } of running.values()) watch?.retell();
  });
  const start = (duty: SegmentDuty, key: string, elsewhere: readonly string[], before: Promise<void>): void => {
    const abort = new AbortController();
    const one: Running = { key, abort, watch: undefined, done: Promise.resolve() };
    one.done = before.then(() => watchOver(duty, elsewhere, { ...parts, nextInstance, note: (watch) => void (one.watch = watch) }, abort.signal));
    running.set(duty.name, one);
  };
  const end = (name: string): Promise<void> => {
    const found = running.get(name);
    running.delete(name);
    found?.abort.abort();
    return found?.done ?? Promise.resolve();
  };
  return {
    apply: (duties) => {
      const searched = duties.filter(({ probePort }) => probePort !== undefined);
      for (const name of running.keys()) {
        if (searched.some((duty) => duty.name === name)) continue;
        void end(name);
        parts.queue.drop(name);
      }
      retelling.soon();
      for (const duty of searched) {
        const elsewhere = duties.filter((other) => other !== duty).flatMap(({ subnets }) => subnets);
        const key = JSON.stringify([duty, elsewhere]);
        if (running.get(duty.name)?.key !== key) start(duty, key, elsewhere, end(duty.name));
      }
    },
    stop: async () => {
      retelling.stop();
      await Promise.all([...running.keys()].map(end));
    },
  };
}

/** At once, and then not again for a while however often it is asked for. */
function makeRetelling(clock: Clock, tell: () => void): { readonly soon: () => void; readonly stop: () => void } {
  let toldMs = -RETELL_MS;
  let cancel: (() => void) | undefined;
  return {
    soon: () => {
      cancel ??= clock.after(Math.max(0, toldMs + RETELL_MS - clock.uptimeMs()), () => {
        cancel = undefined;
        toldMs = clock.uptimeMs();
        tell();
      });
    },
    stop: () => cancel?.(),
  };
}

interface OverParts extends KeeperParts {
  readonly nextInstance: () => number;
  readonly note: (watch: SegmentWatch | undefined) => void;
}

/** One search after the other, until the signal aborts. Never rejects. */
async function watchOver(duty: SegmentDuty, elsewhere: readonly string[], parts: OverParts, signal: AbortSignal): Promise<void> {
  const { clock, log } = parts;
  const { name, probePort } = duty;
  let said = "";
  if (probePort === undefined) return;
  while (!signal.aborted) {
    const side = lookAt(duty);
    try {
      const watch = await openSegmentWatch(duty, probePort, { ...parts, times: parts.times ?? WATCH_TIMES, elsewhere, own: side.own, hardware: side.hardware, instanceId: parts.nextInstance() });
      parts.note(watch);
      log.info({ segment: name, from: side.own.map(({ address }) => address) }, "the segment is searched");
      said = "";
      while (!signal.aborted && lookAt(duty).text === side.text) await clock.sleep(LOOK_MS, signal).catch(() => undefined);
      parts.note(undefined);
      await watch.close();
    } catch (error) {
      const fault = asFault(error);
      // The same again and again is no news.
      if (fault.message !== said) log.warn({ segment: name, fault }, "the segment is not searched yet");
      said = fault.message;
      await clock.sleep(LOOK_MS, signal).catch(() => undefined);
    }
  }
}

interface OwnSide {
  readonly own: readonly OwnAddress[];
  readonly hardware: string;
  /** Another text is another side: addresses, or an interface that came back under its name and has lost its groups. */
  readonly text: string;
}

function lookAt({ interface: wire, subnets }: SegmentDuty): OwnSide {
  const own = ownSide(listOwnAddresses().filter((one) => one.interface === wire), subnets);
  const { index, hardware } = linkIdentity(wire);
  return { own, hardware, text: JSON.stringify([own, index, hardware]) };
}

/** Seconds since 1970, and always one more than before: after a step back of the clock, too, a later life within this process counts as later. */
function countLives(clock: Clock): () => number {
  let last = 0;
  return () => (last = Math.max(last + 1, Math.floor(clock.now() / 1000) % 4_294_967_296));
}
