// Tells systemd that the zone does its work and that its event loop still turns (sd_notify(3)).

import { fstatSync, write } from "node:fs";
import type { Clock } from "../../drivers/contract/clock.ts";
import { handedOverSocket } from "./conduit-listen.ts";
import type { Log } from "./journal.ts";
import { errorCode } from "./error-code.ts";

/** The name under which a unit hands over a socket that is connected to systemd: `OpenFile=/run/systemd/notify:notify`. */
const NOTIFY_NAME = "notify";

/** A beat every third of the time that systemd allows: two may come late. */
const BEATS_PER_LIMIT = 3;

export interface ServiceNotice {
  /** Says once that the zone is ready, and from then on, as long as the event loop turns, that it lives. */
  ready(): void;
  /** The beats end. */
  close(): void;
}

export interface NoticeOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly clock: Clock;
  readonly log: Log;
}

const NO_NOTICE: ServiceNotice = { ready: () => undefined, close: () => undefined };

/** Does nothing where systemd handed over no such socket: on a developer's machine, under the supervisor. */
export function openServiceNotice({ environment, pid, clock, log }: NoticeOptions): ServiceNotice {
  const fd = handedOverSocket(NOTIFY_NAME, environment, pid);
  if (fd === undefined || !fstatSync(fd).isSocket()) return NO_NOTICE;
  const beatMs = readLimitMs(environment, pid) / BEATS_PER_LIMIT;
  let cancel = (): void => undefined;
  let isWriting = false;
  const tell = (words: string): void => {
    // In the thread pool: where systemd itself is stuck and its queue full, the zone goes on. One at a time keeps that to one thread.
    if (isWriting) return;
    isWriting = true;
    write(fd, words, (error) => {
      isWriting = false;
      if (error !== null) log.warn({ code: errorCode(error) }, "systemd was not told how the zone stands");
    });
  };
  const beat = (): void => {
    cancel = clock.after(beatMs, () => {
      tell("WATCHDOG=1");
      beat();
    });
  };
  return {
    ready: () => {
      tell("READY=1\nWATCHDOG=1");
      if (Number.isFinite(beatMs)) beat();
    },
    close: () => cancel(),
  };
}

/** What `WatchdogSec=` allows between two beats; infinite where this process has no watchdog (sd_watchdog_enabled(3)). */
function readLimitMs(environment: NoticeOptions["environment"], pid: number): number {
  const microseconds = Number(environment["WATCHDOG_USEC"]);
  const watched = environment["WATCHDOG_PID"];
  if (watched !== undefined && watched !== String(pid)) return Number.POSITIVE_INFINITY;
  return Number.isSafeInteger(microseconds) && microseconds > 0 ? microseconds / 1000 : Number.POSITIVE_INFINITY;
}
