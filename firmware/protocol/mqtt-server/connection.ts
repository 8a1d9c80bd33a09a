// The server's side of one MQTT 3.1.1 or 5 connection without a socket: bytes in, events and bytes out. It acknowledges a message only
// when it is told that the message is durable.

import { asFault, type Fault } from "../../../drivers/contract/fault.ts";
import type { Commands } from "./commands.ts";
import { makeKnownTopics, type KnownTopics } from "./known-topics.ts";
import { makePacketStream, type Packet, type PacketStream } from "./packet-stream.ts";
import { readConnect, readVersion, type ConnectRequest } from "./read-connect.ts";
import { readDisconnect, readPing, readPuback, readPublish, readSubscribe, readUnsubscribe } from "./read-packets.ts";
import { REASON, reasonOf, violation } from "./reason.ts";
import { isTopicFilter } from "./topics.ts";
import { makeWindow, type Delivery, type Receipt, type Window } from "./window.ts";
import { PINGRESP, UNSUPPORTED, writeAccepted, writeDisconnect, writeRefused, writeSuback, writeUnsuback } from "./write-packets.ts";

export interface ConnectionLimits {
  /** QoS 1 messages in flight, announced to MQTT 5 and demanded from it. MQTT 3.1.1 is not told; its caller stops reading instead. */
  readonly receiveMaximum: number;
  readonly maxPacketBytes: number;
  /** For the first packet, before it is known who sent it. */
  readonly maxConnectBytes: number;
}

/** What a connected client may do and which session is its own. */
export interface Admission {
  mayPublish(topic: string): boolean;
  maySubscribe(filter: string): boolean;
  readonly commands: Commands;
  readonly isSessionPresent: boolean;
  /** The client's own, or the one it is given. */
  readonly clientId: string;
  readonly sessionExpirySeconds: number;
  readonly keepAliveSeconds: number;
}

export type ServerEvent =
  /** The client wants in: answer with `admit` or `refuse`, now or later; what it sends meanwhile waits. */
  | { readonly kind: "connect"; readonly request: ConnectRequest }
  /** Call `settle` with its receipt when it is durable. */
  | { readonly kind: "publish"; readonly delivery: Delivery }
  /** Topic filters that were asked for and not granted. */
  | { readonly kind: "filtersRefused"; readonly filters: readonly string[] }
  /** The client goes, in order. With `isWillDue` its will is to be published all the same. */
  | { readonly kind: "goodbye"; readonly isWillDue: boolean; readonly sessionExpirySeconds: number | undefined }
  /** The client broke the protocol; the last words to it are in `send`. */
  | { readonly kind: "broken"; readonly fault: Fault };

/** What the bytes just received came to. */
export interface Turn {
  readonly events: readonly ServerEvent[];
  /** To be sent at once. After goodbye or broken the connection is to be closed behind it. */
  readonly send: Buffer | undefined;
}

export interface Connection {
  /** Takes the next bytes; never throws. */
  receive(chunk: Buffer): Turn;
  /** Lets the client in and reads on. The answer stands in `send`. */
  admit(admission: Admission): Turn;
  /** The last words to a client that is not let in; undefined where there are none. */
  refuse(reasonCode: number, text: string): Buffer | undefined;
  settle(receipt: Receipt): void;
  /** PUBACKs that may go out now. */
  takeAcknowledgements(): Buffer | undefined;
  /** Ends the connection from our side; gives the last words, if the client knows any. */
  end(reasonCode: number, text: string): Buffer | undefined;
  readonly isVersion5: boolean;
  /** Messages and bytes that are not settled, and bytes of a packet that is not complete. */
  load(): { readonly messages: number; readonly bytes: number; readonly heldBytes: number };
}

interface State {
  readonly limits: ConnectionLimits;
  readonly stream: PacketStream;
  phase: "expecting" | "deciding" | "open" | "ended";
  isVersion5: boolean;
  request: ConnectRequest | undefined;
  admission: Admission | undefined;
  topics: KnownTopics;
  window: Window;
  events: ServerEvent[];
  replies: Buffer[];
  controls: number;
}

const MAX_SUBSCRIPTIONS = 16;
/** Packets that are neither a message nor its acknowledgement, in what came together: each costs an answer of ours. */
const MAX_CONTROLS = 256;
const NOTHING: Turn = { events: [], send: undefined };

export function makeConnection(limits: ConnectionLimits): Connection {
  const state = makeState(limits);
  return {
    receive: (chunk) => {
      if (state.phase === "ended") return NOTHING;
      state.stream.push(chunk);
      return run(state);
    },
    admit: (admission) => {
      if (state.phase !== "deciding") return NOTHING;
      open(state, admission);
      return run(state);
    },
    refuse: (reasonCode, text) => {
      if (state.phase !== "deciding") return undefined;
      state.phase = "ended";
      return writeRefused(state.isVersion5, reasonCode, text, state.request?.maxPacketBytes);
    },
    settle: (receipt) => state.window.settle(receipt),
    takeAcknowledgements: () => (state.phase === "open" ? state.window.takeAcknowledgements() : undefined),
    end: (reasonCode, text) => {
      const isOpen = state.phase === "open";
      state.phase = "ended";
      return isOpen ? writeDisconnect(state.isVersion5, reasonCode, text, state.request?.maxPacketBytes ?? 0) : undefined;
    },
    get isVersion5() {
      return state.isVersion5;
    },
    load: () => ({ messages: state.window.messages, bytes: state.window.bytes, heldBytes: state.stream.heldBytes() }),
  };
}

function makeState(limits: ConnectionLimits): State {
  return {
    limits,
    stream: makePacketStream(limits.maxConnectBytes),
    phase: "expecting",
    isVersion5: false,
    request: undefined,
    admission: undefined,
    topics: makeKnownTopics(() => false),
    window: makeWindow(false, limits.receiveMaximum),
    events: [],
    replies: [],
    controls: 0,
  };
}

function run(state: State): Turn {
  state.controls = 0;
  try {
    while (state.phase === "expecting" || state.phase === "open") {
      const packet = state.stream.next();
      if (packet === undefined) break;
      take(state, packet);
    }
  } catch (error) {
    breakOff(state, asFault(error));
  }
  const delivery = state.window.cut();
  if (delivery !== undefined) state.events.unshift({ kind: "publish", delivery });
  const { events, replies } = state;
  if (events.length === 0 && replies.length === 0) return NOTHING;
  state.events = [];
  state.replies = [];
  return { events, send: replies.length === 0 ? undefined : Buffer.concat(replies) };
}

function breakOff(state: State, fault: Fault): void {
  const { phase, isVersion5, request } = state;
  state.phase = "ended";
  const last = phase === "open" ? writeDisconnect(isVersion5, reasonOf(fault), fault.message, request?.maxPacketBytes ?? 0) : isVersion5 ? writeRefused(true, reasonOf(fault), fault.message) : undefined;
  if (last !== undefined) state.replies.push(last);
  state.events.push({ kind: "broken", fault });
}

function connect(state: State, packet: Packet): void {
  if (packet.head !== 0x10) throw violation(REASON.protocolError, "does not begin with a CONNECT");
  let version: number;
  try {
    version = readVersion(packet);
  } catch (error) {
    if (reasonOf(asFault(error)) === REASON.unsupportedVersion) state.replies.push(UNSUPPORTED);
    throw error;
  }
  if (version === 3) {
    state.replies.push(UNSUPPORTED);
    throw violation(REASON.unsupportedVersion, "speaks MQTT 3.1", "Set the machine to MQTT 3.1.1 or 5.");
  }
  state.isVersion5 = version === 5;
  try {
    const request = readConnect(packet, state.isVersion5);
    state.request = request;
    state.phase = "deciding";
    state.events.push({ kind: "connect", request });
  } catch (error) {
    const last = state.isVersion5 ? undefined : writeRefused(false, reasonOf(asFault(error)), "");
    if (last !== undefined) state.replies.push(last);
    throw error;
  }
}

function open(state: State, admission: Admission): void {
  const { limits, request, isVersion5 } = state;
  if (request === undefined) return;
  state.phase = "open";
  state.admission = admission;
  state.topics = makeKnownTopics(admission.mayPublish);
  state.window = makeWindow(isVersion5, limits.receiveMaximum);
  state.stream.open(limits.maxPacketBytes);
  admission.commands.attach(request.receiveMaximum < 1 ? { ...request, receiveMaximum: 1 } : request);
  const { clientId, sessionExpirySeconds, keepAliveSeconds } = admission;
  state.replies.push(
    writeAccepted({
      isVersion5,
      isSessionPresent: admission.isSessionPresent,
      receiveMaximum: limits.receiveMaximum,
      maxPacketBytes: limits.maxPacketBytes,
      ...(sessionExpirySeconds === request.sessionExpirySeconds ? {} : { sessionExpirySeconds }),
      ...(keepAliveSeconds === request.keepAliveSeconds ? {} : { keepAliveSeconds }),
      ...(clientId === request.clientId ? {} : { clientId }),
    }),
  );
  pushCommands(state, admission);
}

function take(state: State, packet: Packet): void {
  const { admission, isVersion5 } = state;
  if (state.phase === "expecting" || admission === undefined) return connect(state, packet);
  switch (packet.head >> 4) {
    case 3: {
      const message = readPublish(packet, isVersion5, state.topics.read);
      return state.window.admit(message, state.topics.isAllowed(message.topic));
    }
    case 4: {
      const { packetId, reasonCode } = readPuback(packet, isVersion5);
      admission.commands.acknowledge(packetId, reasonCode);
      return pushCommands(state, admission);
    }
    default:
      return control(state, admission, packet);
  }
}

function control(state: State, admission: Admission, packet: Packet): void {
  const { isVersion5 } = state;
  state.controls += 1;
  if (state.controls > MAX_CONTROLS) throw violation(REASON.rateTooHigh, `sent more than ${MAX_CONTROLS} pings and subscriptions at once`);
  switch (packet.head >> 4) {
    case 8:
      return subscribe(state, admission, packet);
    case 10: {
      const { packetId, filters } = readUnsubscribe(packet, isVersion5);
      const codes = filters.map((filter) => (admission.commands.subscriptions.delete(filter) ? REASON.success : REASON.noSubscriptionExisted));
      return void state.replies.push(writeUnsuback(isVersion5, packetId, codes));
    }
    case 12:
      readPing(packet);
      return void state.replies.push(PINGRESP);
    case 14:
      return goodbye(state, packet);
    default:
      throw violation(REASON.protocolError, `sent a packet of type ${packet.head >> 4}, which no connected client may send`);
  }
}

function pushCommands({ replies }: State, { commands }: Admission): void {
  const bytes = commands.take();
  if (bytes !== undefined) replies.push(bytes);
}

function subscribe(state: State, admission: Admission, packet: Packet): void {
  const { packetId, filters, hasIdentifier } = readSubscribe(packet, state.isVersion5);
  const { subscriptions } = admission.commands;
  const refused: string[] = [];
  const codes = filters.map(({ filter, qos }) => {
    const granted = qos === 0 ? 0 : 1;
    const code = hasIdentifier ? REASON.identifiersNotSupported : judge(filter, admission);
    if (code === REASON.success) subscriptions.set(filter, granted);
    else refused.push(filter);
    return code === REASON.success ? granted : code;
  });
  state.replies.push(writeSuback(state.isVersion5, packetId, codes));
  if (refused.length > 0) state.events.push({ kind: "filtersRefused", filters: refused });
}

function judge(filter: string, { maySubscribe, commands }: Admission): number {
  if (filter.startsWith("$share/")) return REASON.sharedNotSupported;
  if (!isTopicFilter(filter)) return REASON.filterInvalid;
  if (!maySubscribe(filter)) return REASON.notAuthorised;
  const isFull = commands.subscriptions.size >= MAX_SUBSCRIPTIONS && !commands.subscriptions.has(filter);
  return isFull ? REASON.quotaExceeded : REASON.success;
}

function goodbye(state: State, packet: Packet): void {
  const { reasonCode, sessionExpirySeconds } = readDisconnect(packet, state.isVersion5);
  // MQTT 5 §3.14.2.2.2
  if (state.request?.sessionExpirySeconds === 0 && (sessionExpirySeconds ?? 0) > 0) throw violation(REASON.protocolError, "asks at its end for the lasting session that it did not ask for at its beginning");
  state.phase = "ended";
  state.events.push({ kind: "goodbye", isWillDue: reasonCode !== REASON.success, sessionExpirySeconds });
}
