// Connects to the first of several addresses that answers, without waiting out one that is silent (RFC 8305 §5).

import { connect } from "node:net";
import type { Socket } from "node:net";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { errorCode } from "../../runtime/error-code.ts";

export interface Way {
  /** At least one, the best first. */
  readonly addresses: readonly string[];
  /** The next one is tried so long after the one before, or at once when that failed. */
  readonly staggerMs: number;
}

export interface RaceEnd {
  /** Called with the socket that connected first; the others are closed. The receiver closes it. */
  done(socket: Socket): void;
  /** Called with the most telling error when none is left. */
  fail(error: unknown): void;
}

/** Of 256 addresses that are all silent, more would not be tried within the limit of a stage either. */
const MOST = 16;
/** Say that this family has no way out of here, not what the broker is like. */
const NO_ROUTE: ReadonlySet<string> = new Set(["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"]);

/** Exactly one of `done` and `fail` is called, unless the returned function is called before: it closes what is open. */
export function raceAddresses({ addresses, staggerMs }: Way, port: number, clock: Clock, { done, fail }: RaceEnd): () => void {
  const waiting = addresses.slice(0, MOST);
  const open = new Set<Socket>();
  const errors: unknown[] = [];
  let stopTimer = (): void => undefined;
  const release = (): void => {
    stopTimer();
    waiting.length = 0;
    for (const socket of open) socket.destroy();
    open.clear();
  };
  const begin = (): void => {
    stopTimer();
    const address = waiting.shift();
    if (address === undefined) return;
    const socket = connect({ host: address, port, noDelay: true });
    open.add(socket);
    socket.once("connect", () => {
      if (!open.delete(socket)) return;
      release();
      socket.removeAllListeners("error");
      done(socket);
    });
    socket.on("error", (error) => {
      if (!open.delete(socket)) return;
      errors.push(error);
      if (waiting.length > 0) begin();
      else if (open.size === 0) fail(errors.find((one) => !NO_ROUTE.has(errorCode(one) ?? "")) ?? errors[0]);
    });
    if (waiting.length > 0) stopTimer = clock.after(staggerMs, begin);
  };
  begin();
  return release;
}
