// How often who may ask: sessions and tokens that core knows by themselves, everybody else by where they come from.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import { Buckets, type BucketLimits } from "./buckets.ts";
import type { Asker } from "./core-calls.ts";
import { digest, type KnownPeople } from "./known-people.ts";
import { refusalOf, type Refusal } from "./problems.ts";

export interface RequestLimits {
  readonly known: BucketLimits;
  readonly strangers: BucketLimits;
  /** Passwords and codes, of whoever: core locks after three [U4.7.1], this keeps it from being asked. */
  readonly proofs: BucketLimits;
}

export const REQUEST_LIMITS: RequestLimits = { known: { perSecond: 50, burst: 200 }, strangers: { perSecond: 10, burst: 60 }, proofs: { perSecond: 0.5, burst: 10 } };

export class RequestRates {
  readonly #people: KnownPeople;
  readonly #known: Buckets;
  readonly #strangers: Buckets;
  readonly #proofs: Buckets;

  constructor(clock: Clock, people: KnownPeople, limits: RequestLimits = REQUEST_LIMITS) {
    this.#people = people;
    this.#known = new Buckets(clock, limits.known);
    this.#strangers = new Buckets(clock, limits.strangers);
    this.#proofs = new Buckets(clock, limits.proofs);
  }

  /** Why it has to wait; undefined where it may be done now. */
  find({ credentials, source }: Asker, isProof: boolean): Refusal | undefined {
    const bearer = credentials.kind !== "nobody" && this.#people.has(credentials.bearer) ? credentials.bearer : undefined;
    const who = bearer === undefined ? source : digest(bearer);
    const seconds = (bearer === undefined ? this.#strangers : this.#known).take(who) || (isProof ? this.#proofs.take(who) : 0);
    if (seconds === 0) return undefined;
    return refusalOf(new Fault("PEER_OVERLOADED", "too much is asked in too short a time", { remedy: `Try again in ${Math.ceil(seconds)} s.` }), undefined, seconds);
  }
}
