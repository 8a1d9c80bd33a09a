// How a simulated machine publishes to the gateway: MQTT 3.1.1 or 5, a persistent session, QoS 1 with resend, back again for ever.

import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import mqttPacket from "mqtt-packet";
import type { IConnackPacket, Packet } from "mqtt-packet";
import type { Clock } from "../../drivers/contract/clock.ts";
import { makeBackoff } from "../runtime/backoff.ts";
import { headerEnd, makeFrameSplitter, makeFrameWriter, PACKET, packetType } from "./mqtt-frames.ts";
import type { OutgoingSession } from "./outgoing-session.ts";

/** What `weir assets enrol` gave out; PEM texts. */
export interface GatewayAccess {
  readonly user: string;
  readonly password?: string;
  readonly certificate?: string;
  readonly key?: string;
  /** What the gateway's own certificate is checked against; wins over that of all machines. */
  readonly ca?: string;
}

export interface PublishOptions {
  /** The gateway's endpoint: mqtt://host:port or mqtts://host:port. */
  readonly url: string;
  readonly ca?: string;
  /** MQTT 3.1.1 (4) unless said. */
  readonly version?: 4 | 5;
  /** Asked before each connection: a machine waits until it is enrolled. */
  accessOf(serial: string): GatewayAccess | undefined;
  /** How the connection stands: `connected`, or why it does not. */
  onState?(serial: string, state: string): void;
}

export interface UplinkOptions {
  readonly publish: PublishOptions;
  readonly serial: string;
  /** The address of the machine itself, from which it connects. */
  readonly host: string;
  readonly session: OutgoingSession;
  /** Called after each connection: retained messages are due. */
  readonly connected: () => void;
  /** Called when acknowledgements made room. */
  readonly roomMade: () => void;
}

export interface Uplink {
  /** True once the gateway let it in: from then on messages are kept for it. */
  hasSession(): boolean;
  close(): Promise<void>;
}

const KEEP_ALIVE_SECONDS = 30;
const ENROLMENT_MS = 250;
const RETRY = { firstMs: 200, maxMs: 3000, stableMs: 5000 };

interface State {
  readonly options: UplinkOptions;
  readonly clock: Clock;
  socket: Socket | undefined;
  hasSession: boolean;
  isClosed: boolean;
  told: string;
}

/** Begins to connect and goes on until it is closed. */
export function startUplink(options: UplinkOptions, clock: Clock): Uplink {
  const state: State = { options, clock, socket: undefined, hasSession: false, isClosed: false, told: "" };
  const stop = new AbortController();
  const running = run(state, stop.signal);
  return {
    hasSession: () => state.hasSession,
    close: async () => {
      state.isClosed = true;
      stop.abort();
      state.socket?.destroy();
      await running;
    },
  };
}

async function run(state: State, signal: AbortSignal): Promise<void> {
  const { options, clock } = state;
  const backoff = makeBackoff(RETRY);
  while (!signal.aborted) {
    const access = options.publish.accessOf(options.serial);
    const startedMs = clock.uptimeMs();
    if (access === undefined) tell(state, "not enrolled");
    else await connectOnce(state, access);
    const delayMs = access === undefined ? ENROLMENT_MS : backoff.nextMs(clock.uptimeMs() - startedMs);
    await clock.sleep(delayMs, signal).catch(() => undefined);
  }
}

/** Resolves when the connection is over. Never rejects. */
function connectOnce(state: State, access: GatewayAccess): Promise<void> {
  const { options } = state;
  const { promise, resolve } = Promise.withResolvers<void>();
  let reason = "the gateway closed the connection";
  const socket = openSocket(options, access);
  state.socket = socket;
  const stopPings = serve(state, socket, access, (why) => {
    reason = why;
    socket.destroy();
  });
  socket.on("error", (error) => void (reason = error.message));
  socket.once("close", () => {
    stopPings();
    options.session.detach();
    if (!state.isClosed) tell(state, reason);
    resolve();
  });
  return promise;
}

function openSocket({ publish, host }: UplinkOptions, access: GatewayAccess): Socket {
  const url = new URL(publish.url);
  const isTls = url.protocol === "mqtts:";
  const place = { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port === "" ? (isTls ? 8883 : 1883) : url.port), ...(isIP(host) !== 0 && !/^(0\.0\.0\.0|::)$/.test(host) ? { localAddress: host } : {}) };
  if (!isTls) return connectPlain({ ...place, noDelay: true });
  const ca = access.ca ?? publish.ca;
  const { certificate, key } = access;
  const socket = connectTls({ ...place, minVersion: "TLSv1.2", ...(ca === undefined ? {} : { ca }), ...(certificate === undefined || key === undefined ? {} : { cert: certificate, key }) });
  return socket.setNoDelay(true);
}

/** Speaks MQTT on it from the moment it is connected; returns the function that ends the pings. */
function serve(state: State, socket: Socket, access: GatewayAccess, fail: (why: string) => void): () => void {
  const { options, clock } = state;
  const { session, publish } = options;
  const isVersion5 = publish.version === 5;
  const splitter = makeFrameSplitter();
  let isIn = false;
  let heardMs = clock.uptimeMs();
  socket.once(publish.url.startsWith("mqtts:") ? "secureConnect" : "connect", () => socket.write(writeConnect(options, access)));
  socket.on("drain", () => session.pump());
  socket.on("data", (chunk: Buffer) => {
    heardMs = clock.uptimeMs();
    let at = 0;
    // What comes in bulk are PUBACKs of four bytes, many at a time.
    if (isIn && splitter.isEmpty()) for (; chunk.length - at >= 4 && chunk[at] === 0x40 && chunk[at + 1] === 2; at += 4) session.puback(chunk.readUInt16BE(at + 2));
    for (const frame of at === chunk.length ? [] : splitter.push(chunk.subarray(at))) {
      if (isIn) takeFrame(frame, session, fail);
      else if ((isIn = isLetIn(frame, isVersion5, fail))) attach(state, socket, frame);
    }
    if (isIn) options.roomMade();
  });
  let stop = (): void => undefined;
  const ping = (): void => {
    if (clock.uptimeMs() - heardMs > KEEP_ALIVE_SECONDS * 1000) return fail("the gateway gives no sign of life");
    if (isIn && !socket.destroyed) socket.write(PINGREQ);
    stop = clock.after((KEEP_ALIVE_SECONDS * 1000) / 3, ping);
    return undefined;
  };
  stop = clock.after((KEEP_ALIVE_SECONDS * 1000) / 3, ping);
  return () => stop();
}

const PINGREQ = Buffer.from([0xc0, 0]);

function writeConnect({ publish, serial }: UplinkOptions, { user, password }: GatewayAccess): Buffer {
  const isVersion5 = publish.version === 5;
  return mqttPacket.generate(
    {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: isVersion5 ? 5 : 4,
      clean: false,
      clientId: serial,
      keepalive: KEEP_ALIVE_SECONDS,
      username: user,
      ...(password === undefined ? {} : { password: Buffer.from(password) }),
      ...(isVersion5 ? { properties: { sessionExpiryInterval: 86_400 } } : {}),
    },
    { protocolVersion: isVersion5 ? 5 : 4 },
  );
}

function isLetIn(frame: Buffer, isVersion5: boolean, fail: (why: string) => void): boolean {
  const connack = readConnack(frame, isVersion5);
  const code = isVersion5 ? connack?.reasonCode : connack?.returnCode;
  if (code === 0) return true;
  fail(code === undefined ? "the gateway does not speak MQTT" : `the gateway refuses it (code ${code})`);
  return false;
}

function readConnack(frame: Buffer, isVersion5: boolean): IConnackPacket | undefined {
  const parser = mqttPacket.parser({ protocolVersion: isVersion5 ? 5 : 4 });
  let found: IConnackPacket | undefined;
  parser.on("packet", (packet: Packet) => void (found = packet.cmd === "connack" ? packet : undefined));
  parser.on("error", () => undefined);
  parser.parse(frame);
  return found;
}

function attach(state: State, socket: Socket, connack: Buffer): void {
  const { options } = state;
  const isVersion5 = options.publish.version === 5;
  state.hasSession = true;
  tell(state, "connected");
  options.session.attach({
    writer: makeFrameWriter((bytes) => void socket.write(bytes)),
    isVersion5,
    window: readConnack(connack, isVersion5)?.properties?.receiveMaximum ?? 65_535,
    qosFor: () => 1,
    mayTake: () => !socket.destroyed && socket.writableLength < 1_048_576,
  });
  options.connected();
}

function takeFrame(frame: Buffer, session: OutgoingSession, fail: (why: string) => void): void {
  if (packetType(frame) === PACKET.puback) {
    const at = headerEnd(frame);
    const code = frame[at + 2] ?? 0;
    // MQTT 5 says what is wrong with a message; sent again it would be wrong again.
    if (code >= 0x80) return fail(`the gateway refuses a message (code ${code})`);
    return session.puback(frame.readUInt16BE(at));
  }
  return packetType(frame) === PACKET.disconnect ? fail(`the gateway ends the connection (code ${frame[2] ?? 0})`) : undefined;
}

function tell(state: State, text: string): void {
  if (state.told === text) return;
  state.told = text;
  state.options.publish.onState?.(state.options.serial, text);
}
