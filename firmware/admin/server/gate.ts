// Stands before TLS: how many connections there are at a time, from whom, and who goes when there are too many.

import type { Socket } from "node:net";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Buckets } from "./buckets.ts";
import { sourceOf } from "./source-address.ts";

export interface GateLimits {
  readonly connections: number;
  readonly connectionsEach: number;
  /** New ones in a second, of an address that nobody known came from; of all such together; of the others. */
  readonly newEach: number;
  readonly newStrangers: number;
  readonly newKnown: number;
}

/** A TLS handshake costs a Raspberry Pi some 3 ms of one of its four cores. */
export const GATE_LIMITS: GateLimits = { connections: 256, connectionsEach: 64, newEach: 20, newStrangers: 80, newKnown: 200 };
/** So many seconds' worth at once, for a browser that opens its connections together. */
const BURST_SECONDS = 3;

interface Connection {
  readonly socket: Socket;
  readonly source: string;
  isKnown: boolean;
}

export class Gate {
  readonly #limits: GateLimits;
  readonly #isKnownSource: (source: string) => boolean;
  /** In the order in which they came. */
  readonly #connections = new Map<string, Connection>();
  readonly #each: Buckets;
  readonly #strangers: Buckets;
  readonly #known: Buckets;

  constructor(clock: Clock, isKnownSource: (source: string) => boolean, limits: GateLimits = GATE_LIMITS) {
    this.#limits = limits;
    this.#isKnownSource = isKnownSource;
    const bucket = (perSecond: number): Buckets => new Buckets(clock, { perSecond, burst: perSecond * BURST_SECONDS });
    this.#each = bucket(limits.newEach);
    this.#strangers = bucket(limits.newStrangers);
    this.#known = bucket(limits.newKnown);
  }

  /** True where the connection may go on to TLS; for its room another one may have been closed. */
  admit(socket: Socket): boolean {
    const source = sourceOf(socket.remoteAddress);
    if (!this.#mayComeNow(source) || !this.#makeRoom(source)) return false;
    const key = keyOf(socket);
    const connection: Connection = { socket, source, isKnown: false };
    this.#connections.set(key, connection);
    socket.once("close", () => {
      if (this.#connections.get(key) === connection) this.#connections.delete(key);
    });
    return true;
  }

  /** Whether the one who speaks on it is somebody whom core knows: such a connection is closed for nobody. */
  mark(socket: Socket, isKnown: boolean): void {
    const connection = this.#connections.get(keyOf(socket));
    if (connection !== undefined) connection.isKnown = isKnown;
  }

  get size(): number {
    return this.#connections.size;
  }

  #mayComeNow(source: string): boolean {
    if (this.#isKnownSource(source)) return this.#known.take(source) === 0;
    return this.#each.take(source) === 0 && this.#strangers.take("all") === 0;
  }

  #makeRoom(source: string): boolean {
    const counts = this.#count();
    const own = [...this.#connections.values()].filter((one) => one.source === source).length;
    if (own >= this.#limits.connectionsEach) return this.#closeOldest(source);
    if (this.#connections.size < this.#limits.connections) return true;
    const [crowd] = [...counts].sort(([, a], [, b]) => b - a);
    return crowd !== undefined && this.#closeOldest(crowd[0]);
  }

  /** Connections of strangers by where they come from. */
  #count(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { source, isKnown } of this.#connections.values()) if (!isKnown) counts.set(source, (counts.get(source) ?? 0) + 1);
    return counts;
  }

  #closeOldest(source: string): boolean {
    for (const [key, connection] of this.#connections) {
      if (connection.source !== source || connection.isKnown) continue;
      this.#connections.delete(key);
      connection.socket.destroy();
      return true;
    }
    return false;
  }
}

function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
