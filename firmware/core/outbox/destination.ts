// One destination's side of the outbox: lease, settle, live.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Destination, DestinationOptions, LeaseRequest, Verdicts } from "./contract.ts";
import type { Lane, LeaseHead } from "../../conduit/cloud.ts";
import type { GroupCommit } from "./group-commit.ts";
import { Holder } from "./holder.ts";
import { LIVE_LAG_MS, type Bounds } from "./limits.ts";
import { Pick, type Picked } from "./picking.ts";
import { Pulse } from "./pulse.ts";
import type { Range } from "./range-set.ts";
import { checkVerdicts, rowsOf, settleVerdicts, type Place } from "./settling.ts";
import type { Store } from "./store.ts";
import type { Stream } from "./stream.ts";

export interface DestinationParts {
  readonly name: string;
  readonly clock: Clock;
  /** The bounds that hold now. */
  readonly limits: () => Bounds;
  readonly commits: GroupCommit;
  /** The database that is open now. */
  readonly store: () => Store;
  /** The database turned out to be damaged while it was read. */
  readonly failed: (error: unknown) => void;
  /** Sequence numbers that are neither stored nor known as gaps. */
  readonly holes: (stream: Stream, holes: readonly Range[]) => void;
  /** True while streams may turn up that are not known yet. */
  readonly isRecovering: () => boolean;
  /** So many readings were settled. */
  readonly settled: (rows: number) => void;
  /** Unique in this process. */
  readonly leaseNumber: () => number;
}

/** What one lease holds at most, whatever is asked for: it is read and written in one turn of the event loop. */
const MOST_LEASED = 1000;
const MOST_LEASED_BYTES = 1_048_576;
const START: Place = { accepted: 0, rejected: 0 };
type Lease = { readonly head: LeaseHead; readonly body: Buffer };

export class OpenDestination implements Destination {
  readonly name: string;
  readonly holder: Holder;
  readonly #parts: DestinationParts;
  #isStrict: boolean;
  readonly #pulse: Pulse;
  /** When which number was the next: how old the live lane's front is. Ascending. */
  #marks: { readonly atMs: number; readonly next: number; readonly stream: string }[] = [];

  /** When each lane last gave something out: what comes alone after a while does not linger. */
  readonly #pickedMs = new Map<Lane, number>();
  #hasEnded = false;

  constructor(parts: DestinationParts, options: DestinationOptions) {
    this.name = parts.name;
    this.#parts = parts;
    this.#isStrict = options.order === "strict";
    this.#pulse = new Pulse(parts.clock);
    this.holder = new Holder(parts.clock, () => this.#freeAll());
  }

  get stream(): string {
    return this.#open()?.uuid ?? "";
  }

  /** Ends the waits: they answer with an empty lease. */
  end(): void {
    this.#hasEnded = true;
    this.#pulse.beat();
  }

  openLive(): void {
    this.#open()?.openLive();
    this.#pulse.beat();
  }

  /** What is leased stays leased; the next lease is of the new order. */
  setOrder(order: DestinationOptions["order"]): void {
    const isStrict = order === "strict";
    if (isStrict === this.#isStrict) return;
    this.#isStrict = isStrict;
    for (const stream of this.#parts.store().streamsOf(this.name)) stream.lookAgainFrom(1);
    this.#open()?.openLive();
    this.#pulse.beat();
  }

  /** Something came or was freed. */
  changed(): void {
    const open = this.#open();
    const last = this.#marks.at(-1);
    const atMs = this.#parts.clock.uptimeMs();
    this.#forgetMarks(atMs);
    if (open !== undefined && (last === undefined || last.stream !== open.uuid || atMs - last.atMs >= 500)) this.#marks.push({ atMs, next: open.next, stream: open.uuid });
    this.#pulse.beat();
  }

  async lease(request: LeaseRequest, epoch: string, signal: AbortSignal): Promise<Lease> {
    this.holder.hear(epoch);
    const { clock } = this.#parts;
    const deadline = clock.uptimeMs() + request.waitMs;
    return this.holder.during(async () => {
      let lingerUntil: number | undefined;
      while (!this.#hasEnded) {
        if (epoch !== this.holder.epoch) this.holder.hear(epoch);
        const now = clock.uptimeMs();
        this.#moveLive(now);
        const isReady = this.#mayHold(request.lane);
        if (isReady && request.lingerMs > 0) lingerUntil ??= (this.#pickedMs.get(request.lane) ?? Number.NEGATIVE_INFINITY) + request.lingerMs;
        if (isReady && (lingerUntil === undefined || now >= lingerUntil || this.#waiting(request.lane) >= request.maxCount)) {
          const { picked, isUnfinished } = this.#pick(request);
          if (picked !== undefined) {
            this.#pickedMs.set(request.lane, now);
            return this.#pack(request.lane, picked);
          }
          if (isUnfinished) {
            await new Promise((resolve) => setImmediate(resolve));
            continue;
          }
          lingerUntil = undefined;
        }
        const until = lingerUntil ?? deadline;
        if (now >= deadline && lingerUntil === undefined) return this.#empty(request.lane);
        await this.#pulse.wait(until - now, signal);
      }
      return this.#empty(request.lane);
    });
  }

  async settle(verdicts: Verdicts, epoch?: string): Promise<void> {
    const { store } = this.#parts;
    if (epoch !== undefined && epoch === this.holder.epoch) this.holder.hear(epoch);
    const isEmpty = verdicts.accepted.length + verdicts.rejected.length === 0;
    for (let place: Place | undefined = isEmpty ? undefined : START; place !== undefined; ) place = await this.#settleSome(verdicts, place);
    const stream = store().streams.get(verdicts.stream);
    if (stream === undefined) return;
    for (const [first, last] of [...verdicts.accepted, ...verdicts.rejected.map((one) => one.range)]) stream.leased.remove(first, last);
    // Only who holds the leases may give them back.
    const mayKeep = epoch === undefined || epoch === this.holder.epoch;
    const freed = verdicts.kept.filter(([first, last]) => mayKeep && stream.release(first, last));
    if (freed.length > 0) this.#pulse.beat();
    this.#parts.settled([...verdicts.accepted, ...verdicts.rejected.map((one) => one.range)].reduce((rows, [first, last]) => rows + last - first + 1, 0));
  }

  /** One commit; what it settles is durable when it resolves. */
  #settleSome(verdicts: Verdicts, place: Place): Promise<Place | undefined> {
    const { commits, limits, clock, store } = this.#parts;
    const left = verdicts.accepted.length - place.accepted + verdicts.rejected.length - place.rejected;
    return commits.submit({
      bytes: 64 * left,
      rows: rowsOf(verdicts, place),
      isLeisurely: true,
      run: () => {
        const known = store().streams.get(verdicts.stream);
        // The recovery has not read its row yet: what is settled now shall not come again.
        const stream = known ?? (this.#parts.isRecovering() ? store().addStream(this.name, { uuid: verdicts.stream, state: "recovering" }) : undefined);
        if (stream === undefined) return undefined;
        if (place === START) checkVerdicts(stream, verdicts);
        return settleVerdicts({ store: store(), limits: limits(), stream, nowMs: clock.now() }, verdicts, place);
      },
    });
  }

  #freeAll(): void {
    for (const stream of this.#parts.store().streamsOf(this.name)) for (const [first, last] of Array.from(stream.leased)) stream.release(first, last);
    this.#pulse.beat();
  }

  #open(): Stream | undefined {
    return this.#parts.store().streamsOf(this.name).find((stream) => stream.state === "open");
  }

  /** The streams that may serve the lane now, in order. A stream that is being recovered holds back the backlog behind it. */
  #streamsFor(lane: Lane): readonly Stream[] {
    const streams = this.#parts.store().streamsOf(this.name);
    if (lane === "live" && !this.#isStrict) return streams.filter((stream) => stream.state === "open");
    const mayPass = lane === "events" && !this.#isStrict;
    if (mayPass) return streams.filter((stream) => stream.state !== "recovering");
    return streams.some((stream) => stream.state === "recovering") ? [] : streams;
  }

  #mayHold(lane: Lane): boolean {
    return this.#waiting(lane) > 0;
  }

  /** Readings that the lane may hold still: exact where no events lie between the samples, else an upper bound. */
  #waiting(lane: Lane): number {
    if (this.#isStrict && lane !== "live") return 0;
    let count = 0;
    for (const stream of this.#streamsFor(lane)) count += this.#waitingIn(stream, lane);
    return count;
  }

  #waitingIn(stream: Stream, lane: Lane): number {
    const [first, last] = this.#bounds(stream, lane);
    return last < first ? 0 : last - first + 1 - stream.taken.countWithin(first, last);
  }

  #bounds(stream: Stream, lane: Lane): Range {
    const head = stream.next - 1;
    if (this.#isStrict) return [1, head];
    if (lane === "events") return [stream.from.events, stream.lastEvent];
    if (lane === "live") return [Math.max(stream.liveFrom, stream.from.live), head];
    return [stream.from.backlog, stream.state === "open" ? stream.liveFrom - 1 : head];
  }

  #pick(request: LeaseRequest): { readonly picked: Picked | undefined; readonly isUnfinished: boolean } {
    const store = this.#parts.store();
    for (const stream of this.#streamsFor(request.lane)) {
      if (this.#waitingIn(stream, request.lane) === 0) continue;
      const pick = new Pick(store, stream, { maxCount: Math.min(request.maxCount, MOST_LEASED), maxBytes: Math.min(request.maxBytes, MOST_LEASED_BYTES) });
      let picked: Picked | undefined;
      try {
        picked = pick.take(request.lane, this.#isStrict);
      } catch (error) {
        this.#parts.failed(error);
        return { picked: undefined, isUnfinished: true };
      }
      if (pick.holes.length > 0) this.#parts.holes(stream, pick.holes);
      if (picked !== undefined || pick.isUnfinished) return { picked, isUnfinished: pick.isUnfinished };
    }
    return { picked: undefined, isUnfinished: false };
  }

  /** What is older than the bound leaves the live lane, so that live stays live. */
  #moveLive(nowMs: number): void {
    const open = this.#open();
    if (open === undefined || this.#isStrict) return;
    this.#forgetMarks(nowMs);
    const mark = this.#marks[0];
    if (mark === undefined || mark.stream !== open.uuid || nowMs - mark.atMs <= LIVE_LAG_MS) return;
    if (open.taken.nextFree(Math.max(open.liveFrom, open.from.live)) < mark.next) open.openLive();
  }

  /** Keeps one mark that is older than the bound. */
  #forgetMarks(nowMs: number): void {
    while (this.#marks.length > 1 && nowMs - (this.#marks[1]?.atMs ?? nowMs) > LIVE_LAG_MS) this.#marks.shift();
  }

  #pack(lane: Lane, { stream, ranges, count, body }: Picked): Lease {
    const head = { lease: this.#parts.leaseNumber(), stream: stream.uuid, lane, count, ranges: ranges.map(([first, last]): [number, number] => [first, last]), waiting: this.#waiting(lane) };
    return { head, body };
  }

  #empty(lane: Lane): Lease {
    return { head: { lease: 0, stream: this.#hasEnded ? "" : this.stream, lane, count: 0, ranges: [], waiting: 0 }, body: Buffer.from("[]") };
  }
}
