// What waits for a machine in its session: subscriptions, a bounded queue of messages to it, and those it has not acknowledged.

import { Fault } from "../../../drivers/contract/fault.ts";
import { isMatching } from "./topics.ts";
import { writePublish } from "./write-packets.ts";

export interface Command {
  readonly topic: string;
  readonly payload: Buffer;
  /** Called once: without a fault when the machine acknowledged it (or, with QoS 0, when it was sent). */
  settled(fault?: Fault): void;
}

export interface CommandLink {
  readonly isVersion5: boolean;
  readonly receiveMaximum: number;
  readonly maxPacketBytes: number;
}

export interface Commands {
  readonly subscriptions: Map<string, 0 | 1>;
  /** Queues it. Throws NOT_FOUND where no subscription matches, PEER_OVERLOADED beyond the bound, PEER_LIMIT for more than 256 KiB. */
  offer(command: Command): void;
  /** A connection takes over: what was sent and not acknowledged is sent again first. */
  attach(link: CommandLink): void;
  detach(): void;
  /** Bytes that may be sent now, about 64 KiB at a time; undefined where there are none. */
  take(): Buffer | undefined;
  /** A PUBACK. Unknown packet ids are ignored. */
  acknowledge(packetId: number, reasonCode: number): void;
  /** The session ends: everything that waits is settled with the fault. */
  drop(fault: Fault): void;
}

const MAX_QUEUED = 64;
const MAX_QUEUED_BYTES = 1_048_576;
const MAX_IN_FLIGHT = 16;
const MAX_PAYLOAD_BYTES = 262_144;
/** What `take` gives at once, unless a single command is longer. */
const TAKE_BYTES = 65_536;

interface Entry {
  readonly command: Command;
  readonly qos: 0 | 1;
  packetId: number;
  isSent: boolean;
}

interface State {
  readonly subscriptions: Map<string, 0 | 1>;
  queue: Entry[];
  queuedBytes: number;
  readonly inFlight: Map<number, Entry>;
  sent: number;
  lastId: number;
  link: CommandLink | undefined;
}

export function makeCommands(): Commands {
  const state: State = { subscriptions: new Map(), queue: [], queuedBytes: 0, inFlight: new Map(), sent: 0, lastId: 0, link: undefined };
  return {
    subscriptions: state.subscriptions,
    offer: (command) => offer(state, command),
    attach: (link) => {
      state.link = link;
      state.sent = 0;
      for (const entry of state.inFlight.values()) entry.isSent = false;
    },
    detach: () => void (state.link = undefined),
    take: () => take(state),
    acknowledge: (packetId, reasonCode) => acknowledge(state, packetId, reasonCode),
    drop: (fault) => {
      const left = [...state.inFlight.values(), ...state.queue];
      state.inFlight.clear();
      state.queue = [];
      state.queuedBytes = 0;
      state.subscriptions.clear();
      for (const { command } of left) command.settled(fault);
    },
  };
}

function offer(state: State, command: Command): void {
  if (command.payload.length > MAX_PAYLOAD_BYTES) throw new Fault("PEER_LIMIT", `the command has ${command.payload.length} bytes`, { remedy: `Send at most ${MAX_PAYLOAD_BYTES} bytes.` });
  let qos: 0 | 1 | undefined;
  for (const [filter, granted] of state.subscriptions) if (qos !== 1 && isMatching(filter, command.topic)) qos = granted;
  if (qos === undefined) throw new Fault("NOT_FOUND", `the machine does not subscribe to ${command.topic}`, { remedy: "Let the machine subscribe to the commands below its root." });
  if (state.queue.length >= MAX_QUEUED || state.queuedBytes + command.payload.length > MAX_QUEUED_BYTES) {
    throw new Fault("PEER_OVERLOADED", `${state.queue.length} commands already wait for the machine`, { remedy: "Wait until the machine has acknowledged them." });
  }
  state.queue.push({ command, qos, packetId: 0, isSent: false });
  state.queuedBytes += command.payload.length;
}

function take(state: State): Buffer | undefined {
  const { link } = state;
  if (link === undefined) return undefined;
  const window = Math.min(link.receiveMaximum, MAX_IN_FLIGHT);
  const bytes: Buffer[] = [];
  let size = 0;
  for (const entry of state.inFlight.values()) {
    if (entry.isSent || state.sent >= window || size >= TAKE_BYTES) continue;
    const packet = writePublish(link.isVersion5, { ...entry.command, qos: 1 }, entry.packetId, true);
    bytes.push(packet);
    size += packet.length;
    entry.isSent = true;
    state.sent += 1;
  }
  while (state.sent < window && state.sent === state.inFlight.size && size < TAKE_BYTES) {
    const entry = state.queue.shift();
    if (entry === undefined) break;
    state.queuedBytes -= entry.command.payload.length;
    const packet = writeNext(state, entry, link);
    if (packet === undefined) continue;
    bytes.push(packet);
    size += packet.length;
  }
  return bytes.length === 0 ? undefined : Buffer.concat(bytes);
}

function writeNext(state: State, entry: Entry, link: CommandLink): Buffer | undefined {
  const { command, qos } = entry;
  entry.packetId = qos === 0 ? 0 : nextId(state);
  const packet = writePublish(link.isVersion5, { ...command, qos }, entry.packetId, false);
  // MQTT 5 §3.1.2.11.4: a packet beyond what the client takes is not sent.
  if (packet.length > link.maxPacketBytes) {
    command.settled(new Fault("PEER_LIMIT", `the command has ${packet.length} bytes and the machine takes ${link.maxPacketBytes}`, { remedy: "Send the machine a smaller command." }));
    return undefined;
  }
  if (qos === 0) {
    command.settled();
    return packet;
  }
  entry.isSent = true;
  state.inFlight.set(entry.packetId, entry);
  state.sent += 1;
  return packet;
}

function nextId(state: State): number {
  do state.lastId = (state.lastId % 65_535) + 1;
  while (state.inFlight.has(state.lastId));
  return state.lastId;
}

function acknowledge(state: State, packetId: number, reasonCode: number): void {
  const entry = state.inFlight.get(packetId);
  if (entry === undefined) return;
  state.inFlight.delete(packetId);
  if (entry.isSent) state.sent -= 1;
  const isRefused = reasonCode >= 0x80;
  entry.command.settled(isRefused ? new Fault("ACCESS_DENIED", `the machine refuses the command with reason 0x${reasonCode.toString(16)}`) : undefined);
}
