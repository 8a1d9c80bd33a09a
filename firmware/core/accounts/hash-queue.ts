// Who may have a password computed, and when: one at a time, those who are known first, strangers in turn and no more than a few a second.

import ipaddr from "ipaddr.js";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";

/** Somebody with a session or a known browser (`key` names it), or a stranger by the address they come from. */
export type Caller = { readonly kind: "known"; readonly key: string } | { readonly kind: "stranger"; readonly source: string };

/** Waiting per known browser or session, and of all of them. */
const KNOWN_EACH = 4;
const KNOWN_ALL = 64;
/** Waiting per address, and of all addresses. */
const STRANGERS_EACH = 2;
const STRANGERS_ALL = 16;
/** An address may ask so often at once, and then once in so many seconds; what succeeds is given back. */
const SOURCE_BURST = 10;
const SOURCE_EVERY_MS = 6000;
/** All strangers together, so that they never take more than about a quarter of a processor. */
const ALL_BURST = 20;
const ALL_EVERY_MS = 250;
const MOST_SOURCES = 2000;

interface Job {
  readonly run: () => Promise<void>;
  readonly fail: (fault: Fault) => void;
}

export class HashQueue {
  readonly #clock: Clock;
  readonly #known = new Map<string, Job[]>();
  readonly #strangers = new Map<string, Job[]>();
  readonly #sources = new Map<string, Bucket>();
  readonly #all: Bucket;
  #isWorking = false;
  #cancelWait: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#all = new Bucket(clock, ALL_BURST, ALL_EVERY_MS);
  }

  /** Runs `work` when it is its turn. Rejects with PEER_LIMIT at once, before anything is computed, where the caller asks too often or too many wait. */
  run<T>(caller: Caller, work: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (this.#enqueue(caller, { run: () => work().then(resolve, reject), fail: reject })) this.#next();
    else reject(new Fault("PEER_LIMIT", "too many logins are under way", { remedy: "Wait a few seconds and try again." }));
    return promise;
  }

  /** The address has shown that it is no stranger's: what it asked does not count. */
  forgive(caller: Caller): void {
    if (caller.kind !== "stranger") return;
    this.#sources.get(networkOf(caller.source))?.giveBack();
    this.#all.giveBack();
  }

  /** Whoever waits gets CANCELLED. */
  close(): void {
    this.#cancelWait?.();
    for (const job of [...this.#known.values(), ...this.#strangers.values()].flat()) job.fail(new Fault("CANCELLED", "core is going down"));
    this.#known.clear();
    this.#strangers.clear();
  }

  /** False where there is no room for it. */
  #enqueue(caller: Caller, job: Job): boolean {
    if (caller.kind === "known") return add(this.#known, caller.key, job, KNOWN_EACH, KNOWN_ALL);
    const network = networkOf(caller.source);
    const bucket = this.#bucketOf(network);
    if (bucket.isEmpty() || !add(this.#strangers, network, job, STRANGERS_EACH, STRANGERS_ALL)) return false;
    bucket.take();
    return true;
  }

  #bucketOf(network: string): Bucket {
    const bucket = this.#sources.get(network) ?? new Bucket(this.#clock, SOURCE_BURST, SOURCE_EVERY_MS);
    // The one that asked longest ago goes first.
    this.#sources.delete(network);
    this.#sources.set(network, bucket);
    const [oldest] = this.#sources.keys();
    if (this.#sources.size > MOST_SOURCES && oldest !== undefined) this.#sources.delete(oldest);
    return bucket;
  }

  #next(): void {
    if (this.#isWorking) return;
    const job = takeFirst(this.#known) ?? this.#takeStranger();
    if (job === undefined) return;
    this.#isWorking = true;
    void job.run().finally(() => {
      this.#isWorking = false;
      this.#next();
    });
  }

  #takeStranger(): Job | undefined {
    if (this.#strangers.size === 0) return undefined;
    if (!this.#all.isEmpty()) {
      this.#all.take();
      return takeFirst(this.#strangers);
    }
    this.#cancelWait?.();
    this.#cancelWait = this.#clock.after(ALL_EVERY_MS, () => this.#next());
    return undefined;
  }
}

/** So many at once, and one more each time a while has passed. */
class Bucket {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #everyMs: number;
  #used = 0;
  #atMs: number;

  constructor(clock: Clock, burst: number, everyMs: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#everyMs = everyMs;
    this.#atMs = clock.uptimeMs();
  }

  isEmpty(): boolean {
    const nowMs = this.#clock.uptimeMs();
    this.#used = Math.max(0, this.#used - (nowMs - this.#atMs) / this.#everyMs);
    this.#atMs = nowMs;
    return this.#used > this.#burst - 1;
  }

  take(): void {
    this.#used += 1;
  }

  giveBack(): void {
    this.#used = Math.max(0, this.#used - 1);
  }
}

function add(queues: Map<string, Job[]>, key: string, job: Job, each: number, all: number): boolean {
  const own = queues.get(key) ?? [];
  const waiting = [...queues.values()].reduce((sum, { length }) => sum + length, 0);
  if (own.length >= each || waiting >= all) return false;
  queues.set(key, [...own, job]);
  return true;
}

/** One of each in turn. */
function takeFirst(queues: Map<string, Job[]>): Job | undefined {
  const [first] = queues;
  if (first === undefined) return undefined;
  const [key, [job, ...others]] = first;
  queues.delete(key);
  if (others.length > 0) queues.set(key, others);
  return job;
}

/** Whoever has one address of IPv6 has its /64. */
function networkOf(source: string): string {
  if (!ipaddr.isValid(source)) return source;
  const address = ipaddr.process(source);
  return address.kind() === "ipv4" ? address.toString() : address.toByteArray().slice(0, 8).join(".");
}
