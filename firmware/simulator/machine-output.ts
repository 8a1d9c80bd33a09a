// What one simulated machine says: its samples and events, when they are due, and the ledger of what was acknowledged.

import type { Clock } from "../../drivers/contract/clock.ts";
import { encodeId, type AssetId } from "../../drivers/contract/identity.ts";
import { formatMicros, makeFineTime } from "./fine-time.ts";
import type { LedgerFile } from "./ledger-file.ts";
import { MACHINE_EVENTS, MACHINE_POINTS, type PointModel } from "./machine-points.ts";
import { encodeTopic } from "./mqtt-frames.ts";
import { makeOutgoingSession, type Message, type OutgoingSession } from "./outgoing-session.ts";
import { seededRandom } from "../runtime/backoff.ts";

export interface OutputOptions {
  readonly asset: AssetId;
  /** Begins each event's id; another one for each start of the machine. */
  readonly eventPrefix: string;
  /** Topic root. */
  readonly root: string;
  readonly seed: number;
  /** Readings per second; infinite: as many as are acknowledged. */
  readonly rate: number;
  readonly eventsPerMinute: number;
  /** Size that a sample's payload is filled up to; 0: as it is. */
  readonly payloadBytes: number;
  /** Messages kept while nobody takes them. */
  readonly keep: number;
  /** Messages in flight at most. */
  readonly window: number;
}

export interface MachineFigures {
  /** Readings made. */
  made: number;
  /** Of these, acknowledged by the subscriber. */
  acknowledged: number;
  /** Of these, given up by the machine itself, never acknowledged. */
  dropped: number;
}

export interface LivePoint {
  readonly model: PointModel;
  readonly topicName: string;
  readonly topic: Buffer;
  /** The part of a ledger line before the value. */
  readonly label: string;
  count: number;
  /** JSON text that was written to it and stays its value. */
  written: string | undefined;
  /** JSON text. */
  value: string;
  time: string;
}

export interface KeptEvent {
  readonly id: string;
  readonly json: string;
  /** Its ledger line without the end. */
  readonly label: string;
}

export interface MachineOutput {
  readonly session: OutgoingSession;
  readonly points: readonly LivePoint[];
  /** The newest events, oldest first. */
  readonly events: readonly KeptEvent[];
  readonly figures: MachineFigures;
  /** Makes what is due by now, if anybody listens or ever listened; what is made before goes into the ledger as not acknowledged. */
  makeDue(hasSession: boolean): void;
  /** Makes what the window of a machine without a rate admits, and sends what waits. */
  fillWindow(): void;
  pause(): void;
  /** Queues the retained message `status`. */
  offerStatus(state: string): void;
  /** Writes into the ledger what was never acknowledged. */
  giveUp(): void;
}

const eventsKept = 10_000;
/** What is made at once at most, so that a stall is caught up in portions. */
const burst = 4096;

export function makeMachineOutput(options: OutputOptions, clock: Clock, ledger: LedgerFile): MachineOutput {
  const figures: MachineFigures = { made: 0, acknowledged: 0, dropped: 0 };
  const session = makeRecordedSession(options, figures, ledger);
  const maker = makeMaker(options, clock, figures);
  const pace = makePace(clock, options);
  let isPaused = false;
  return {
    session,
    points: maker.points,
    events: maker.events,
    figures,
    pause: () => void (isPaused = true),
    makeDue(hasSession) {
      if (isPaused) return;
      const give = hasSession ? session.offer : session.refuse;
      for (let due = pace.events(); due > 0; due -= 1) give(maker.event());
      for (let due = pace.samples(); due > 0; due -= 1) give(maker.sample());
    },
    fillWindow() {
      const isUnbounded = !isPaused && options.rate === Number.POSITIVE_INFINITY;
      for (let room = isUnbounded ? session.room() : 0; room > 0; room -= 1) session.offer(maker.sample());
      session.pump();
    },
    offerStatus: (state) => session.offer(maker.status(state)),
    giveUp: () => session.drain().forEach(session.refuse),
  };
}

interface Maker {
  readonly points: readonly LivePoint[];
  readonly events: readonly KeptEvent[];
  /** The next sample, the points taking turns. */
  sample(): Message;
  event(): Message;
  status(state: string): Message;
}

function makeMaker(options: OutputOptions, clock: Clock, figures: MachineFigures): Maker {
  const stamp = makeStamp(clock);
  const random = seededRandom(options.seed);
  const points = MACHINE_POINTS.map((model) => livePoint(model, options));
  for (const point of points) advance(point, random, stamp());
  const events: KeptEvent[] = [];
  const eventTopic = named(`${options.root}/events`);
  const statusTopic = named(`${options.root}/status`);
  let turn = 0;
  return {
    points,
    events,
    sample() {
      const point = points[turn % points.length] as LivePoint;
      turn += 1;
      figures.made += 1;
      advance(point, random, stamp());
      return { topic: point.topic, topicName: point.topicName, payload: samplePayload(point, options.payloadBytes), label: sampleLabel(point), isRetained: false, sends: 0, id: 0 };
    },
    event() {
      figures.made += 1;
      const event = keptEvent(options, events, Math.floor(random() * MACHINE_EVENTS.length), stamp());
      return { ...eventTopic, payload: event.json, label: event.label, isRetained: false, sends: 0, id: 0 };
    },
    status: (state) => ({ ...statusTopic, payload: JSON.stringify({ state, time: stamp() }), label: "", isRetained: true, sends: 0, id: 0 }),
  };
}

function makeRecordedSession(options: OutputOptions, figures: MachineFigures, ledger: LedgerFile): OutgoingSession {
  const record = (message: Message, isAcknowledged: boolean): void => {
    if (message.label === "") return;
    figures[isAcknowledged ? "acknowledged" : "dropped"] += 1;
    ledger.add(`${message.label},"acknowledged":${isAcknowledged}${message.sends > 1 ? `,"sent":${message.sends}` : ""}}`);
  };
  return makeOutgoingSession(options, { acknowledged: (message) => record(message, true), dropped: (message) => record(message, false) });
}

/** Times that rise strictly also when the wall clock is set back, so that (point, sourceTime) names one reading. */
function makeStamp(clock: Clock): () => string {
  const fine = makeFineTime(clock);
  let last = 0;
  return () => {
    last = Math.max(fine.now(), last + 1);
    return formatMicros(last);
  };
}

/** How many samples and events are due since the last question. */
function makePace(clock: Clock, { rate, eventsPerMinute }: OutputOptions): { samples(): number; events(): number } {
  const startedMs = clock.uptimeMs();
  let paidUntilMs = startedMs;
  let events = 0;
  return {
    samples() {
      if (rate === Number.POSITIVE_INFINITY || rate <= 0) return 0;
      const nowMs = clock.uptimeMs();
      const due = Math.floor(((nowMs - paidUntilMs) * rate) / 1000);
      if (due > burst) paidUntilMs = nowMs - (burst * 1000) / rate;
      const portion = Math.min(due, burst);
      paidUntilMs += (portion * 1000) / rate;
      return portion;
    },
    events() {
      const due = Math.floor(((clock.uptimeMs() - startedMs) * eventsPerMinute) / 60_000) - events;
      events += due;
      return Math.min(due, burst);
    },
  };
}

function named(topicName: string): { readonly topic: Buffer; readonly topicName: string } {
  return { topicName, topic: encodeTopic(topicName) };
}

function livePoint(model: PointModel, { asset, root }: OutputOptions): LivePoint {
  const label = `{"asset":${JSON.stringify(asset)},"point":${JSON.stringify(model.id)},"value":`;
  return { ...named(`${root}/points/${encodeId(model.id)}`), model, label, count: 0, written: undefined, value: "0", time: "" };
}

function advance(point: LivePoint, random: () => number, time: string): void {
  point.value = point.written ?? point.model.next(point.count, random);
  point.count += 1;
  point.time = time;
}

function keptEvent({ asset, eventPrefix }: OutputOptions, events: KeptEvent[], kind: number, time: string): KeptEvent {
  const number = Number(events.at(-1)?.id.slice(eventPrefix.length) ?? 0) + 1;
  const id = eventPrefix + String(number).padStart(8, "0");
  const label = `{"asset":${JSON.stringify(asset)},"event":${JSON.stringify(id)}`;
  const event = { id, json: JSON.stringify({ id, ...MACHINE_EVENTS[kind], active: number % 2 === 1, time }), label };
  events.push(event);
  if (events.length > eventsKept) events.shift();
  return event;
}

function samplePayload(point: LivePoint, bytes: number): string {
  const text = `{"value":${point.value},"quality":"good","time":"${point.time}"`;
  const filler = bytes - text.length - `,"note":""}`.length;
  return filler > 0 ? `${text},"note":"${"x".repeat(filler)}"}` : `${text}}`;
}

/** A sample's ledger line without its end. */
export function sampleLabel(point: LivePoint): string {
  return `${point.label}${point.value},"sourceTime":"${point.time}"`;
}
