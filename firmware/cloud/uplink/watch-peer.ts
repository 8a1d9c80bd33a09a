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
  return new OpenWatch(peer);
}

class OpenWatch implements PeerWatch {
  readonly #peer: PeerToWatch;
  #isWaiting = false;
  #hasPinged = false;
  #signMs = 0;
  #confirmedMs = 0;
  #unsent = 0;
  #stopTimer = (): void => undefined;

  constructor(peer: PeerToWatch) {
    this.#peer = peer;
  }

  readonly sign = (): void => {
    this.#signMs = this.#peer.clock.uptimeMs();
    this.#hasPinged = false;
  };

  sent(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.sign();
    this.#confirmedMs = this.#signMs;
    this.#unsent = 0;
    this.#arm();
  }

  settled(pending: number, isConfirmed: boolean): void {
    if (isConfirmed) this.#confirmedMs = this.#peer.clock.uptimeMs();
    if (pending === 0) this.stop();
  }

  stop(): void {
    this.#isWaiting = false;
    this.#stopTimer();
  }

  #arm(): void {
    this.#stopTimer();
    this.#stopTimer = this.#peer.clock.after(this.#peer.timing.silenceMs / 4, () => this.#look());
  }

  #look(): void {
    const { clock, timing } = this.#peer;
    if (!this.#isWaiting) return;
    const unsent = this.#peer.unsentBytes();
    if (unsent < this.#unsent) this.sign();
    this.#unsent = unsent;
    const silentMs = clock.uptimeMs() - this.#signMs;
    if (silentMs >= timing.silenceMs) return this.#peer.fail(`has not answered for ${Math.round(timing.silenceMs / 1000)} s`);
    if (unsent === 0 && clock.uptimeMs() - this.#confirmedMs >= timing.unconfirmedMs) return this.#peer.fail(`answers but has confirmed nothing for ${Math.round(timing.unconfirmedMs / 1000)} s`);
    if (!this.#hasPinged && silentMs >= timing.silenceMs / 2) {
      this.#hasPinged = true;
      this.#peer.ping();
    }
    this.#arm();
  }
}
