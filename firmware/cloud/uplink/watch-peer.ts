// Notices a broker that is gone although the socket says nothing: it owes acknowledgements and is silent.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Timing } from "./timing.ts";

export interface PeerToWatch {
  readonly clock: Clock;
  readonly timing: Pick<Timing, "silenceMs" | "unconfirmedMs">;
  unsentBytes(): number;
  ping(): void;
  /** Called at most once, with what the peer did, to follow its name. */
  fail(message: string): void;
}

export interface PeerWatch {
  /** A message that asks for an acknowledgement has left. */
  sent(): void;
  /** An acknowledgement has come; `pending` are still open. */
  settled(pending: number, isConfirmed: boolean): void;
  /** Any packet has come. */
  sign(): void;
  stop(): void;
}

/**
 * The keep-alive is minutes long to save bytes (U3.1g), so it cannot be what finds a dead peer under load. While something is
 * unacknowledged, silence is limited; on a slow line bytes that still leave are a sign of life too. Built on uptime alone.
 */
export function watchPeer(peer: PeerToWatch): PeerWatch {
  const { clock, timing } = peer;
  let isWaiting = false;
  let hasPinged = false;
  let signMs = 0;
  let confirmedMs = 0;
  let unsent = 0;
  let stopTimer = (): void => undefined;
  const sign = (): void => {
    signMs = clock.uptimeMs();
    hasPinged = false;
  };
  const arm = (): void => void (stopTimer = clock.after(timing.silenceMs / 4, look));
  const look = (): void => {
    if (!isWaiting) return;
    const left = peer.unsentBytes();
    if (left < unsent) sign();
    unsent = left;
    const now = clock.uptimeMs();
    if (now - signMs >= timing.silenceMs) return peer.fail(`has not answered for ${Math.round(timing.silenceMs / 1000)} s`);
    if (now - confirmedMs >= timing.unconfirmedMs && left === 0) return peer.fail(`answers but has confirmed nothing for ${Math.round(timing.unconfirmedMs / 1000)} s`);
    if (!hasPinged && now - signMs >= timing.silenceMs / 2) {
      hasPinged = true;
      peer.ping();
    }
    arm();
  };
  return {
    sign,
    sent: () => {
      if (isWaiting) return;
      isWaiting = true;
      sign();
      confirmedMs = signMs;
      unsent = 0;
      stopTimer();
      arm();
    },
    settled: (pending, isConfirmed) => {
      if (isConfirmed) confirmedMs = clock.uptimeMs();
      if (pending > 0) return;
      isWaiting = false;
      stopTimer();
    },
    stop: () => {
      isWaiting = false;
      stopTimer();
    },
  };
}
