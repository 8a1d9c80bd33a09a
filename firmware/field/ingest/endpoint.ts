// The ingest endpoint: machines publish to it by MQTT 3.1.1 and 5, and are acknowledged when what they said is durable.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault, isFault } from "../../../drivers/contract/fault.ts";
import { REASON } from "../../protocol/mqtt-server/reason.ts";
import { makeSessionTable } from "../../protocol/mqtt-server/session-table.ts";
import { isCommandFilter, isTopicName } from "../../protocol/mqtt-server/topics.ts";
import { makeBudget } from "./budget.ts";
import { INGEST_LIMITS, type IngestLimits } from "./limits.ts";
import { makeCensus, openListener, type Census, type Listener, type ListenerOptions, type ListenerTls } from "./listener.ts";
import { makePenalties } from "./penalties.ts";
import type { IngestPorts, Source } from "./ports.ts";
import { makeReports } from "./reports.ts";
import type { Client, Room } from "./room.ts";

export interface IngestOptions {
  /** Those that are open from the beginning. */
  readonly listeners?: readonly ListenerOptions[];
  readonly ports: IngestPorts;
  readonly clock: Clock;
  /** What differs from INGEST_LIMITS. */
  readonly limits?: Partial<IngestLimits>;
}

export interface IngestFigures {
  readonly connections: number;
  /** Received and not durable; `isFull` while nothing is read for it. */
  readonly inFlightBytes: number;
  readonly isFull: boolean;
  /** Of packets that are not complete. */
  readonly heldBytes: number;
}

/** A port that can be closed while the others go on. */
export interface OpenPort {
  readonly port: number;
  /** Cuts its connections off and resolves when it is closed. What was received and is not acknowledged is sent again by its client. */
  close(): Promise<void>;
}

export interface Ingest {
  /** Of the listeners that were open from the beginning, in their order. */
  readonly portNumbers: readonly number[];
  /** Opens one more. Rejects with CONFIG_INVALID where it cannot listen, with CANCELLED after `close`. */
  listen(place: ListenerOptions): Promise<OpenPort>;
  /** The connections that were let in. */
  connections(): readonly Source[];
  /** How loaded it is, for the status and for conditions. */
  figures(): IngestFigures;
  /**
   * Sends a message to a machine that subscribed to it; resolves when the machine acknowledged it. Rejects with NOT_FOUND (it is not
   * there or does not subscribe), PEER_OVERLOADED, PEER_LIMIT, ACCESS_DENIED (the machine refuses), PEER_CLOSED, PEER_TIMEOUT or CANCELLED.
   */
  send(machine: string, topic: string, payload: Buffer): Promise<void>;
  /** Ends all connections and sessions of a machine that is no longer accepted. */
  dismiss(machine: string, text: string): void;
  /** Ends all connections of a machine that is to come again; its sessions stay. */
  interrupt(machine: string, text: string): void;
  /** Gives all TLS listeners new certificates. Throws CONFIG_INVALID. */
  renew(tls: ListenerTls): void;
  /** Reads no more, waits until everything that was received is settled, acknowledges it and closes. May be called twice. */
  close(): Promise<void>;
}

const SWEEP_MS = 250;

/** Resolves when all listeners listen. Rejects with CONFIG_INVALID; then none does. */
export async function openIngest({ listeners: places = [], ports, clock, limits: own }: IngestOptions): Promise<Ingest> {
  const limits = { ...INGEST_LIMITS, ...own };
  const room = makeRoom(ports, clock, limits);
  const { clients } = room;
  const census = makeCensus(limits.maxConnections, limits.maxConnectionsPerAddress);
  const first = await openAll(places, room, census);
  const listeners = new Set(first);
  const stopSweeping = startSweeping(room);
  let closing: Promise<void> | undefined;
  return {
    portNumbers: first.map(({ port }) => port),
    listen: async (place) => {
      const listener = await openListener(place, room, census);
      if (closing === undefined) return admitListener(listener, listeners);
      await closeListener(listener);
      throw new Fault("CANCELLED", "the ingest endpoint is closed");
    },
    connections: () => sourcesOf(clients),
    figures: () => ({ connections: sourcesOf(clients).length, inFlightBytes: room.budget.usedBytes, isFull: room.budget.isFull, heldBytes: room.held.usedBytes }),
    send: (machine, topic, payload) => send(room, machine, topic, payload),
    dismiss: (machine, text) => {
      room.sessions.forget(machine, new Fault("ACCESS_DENIED", text, { where: machine }));
      for (const client of clients) if (client.source?.machine === machine) client.end(REASON.administrative, text);
    },
    interrupt: (machine, text) => {
      for (const client of clients) if (client.source?.machine === machine) client.end(REASON.serverBusy, text);
    },
    renew: (tls) => listeners.forEach((listener) => listener.renew(tls)),
    close: () => (closing ??= close(room, listeners, stopSweeping)),
  };
}

function makeRoom(ports: IngestPorts, clock: Clock, limits: IngestLimits): Room {
  const clients = new Set<Client>();
  const room: Room = {
    ports,
    clock,
    limits,
    sessions: makeSessionTable({ clock, maxExpirySeconds: limits.maxSessionExpirySeconds, maxPerMachine: limits.maxConnectionsPerMachine }),
    penalties: makePenalties(clock),
    budget: makeBudget(limits.maxTotalInFlightBytes, () => clients.forEach((client) => client.adjust())),
    held: makeBudget(limits.maxTotalHeldBytes, () => {
      if (room.held.isFull) endLargestHolders(room);
    }),
    clients,
    report: makeReports(clock, ports.report),
  };
  return room;
}

function admitListener(listener: Listener, listeners: Set<Listener>): OpenPort {
  listeners.add(listener);
  return {
    port: listener.port,
    close: async () => {
      listeners.delete(listener);
      await closeListener(listener);
    },
  };
}

function closeListener(listener: Listener): Promise<void> {
  listener.stop();
  return listener.close();
}

async function openAll(places: readonly ListenerOptions[], room: Room, census: Census): Promise<Listener[]> {
  const results = await Promise.allSettled(places.map((place) => openListener(place, room, census)));
  const open = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = results.find((result) => result.status === "rejected");
  if (failed === undefined) return open;
  for (const listener of open) listener.stop();
  throw failed.reason;
}

/** Looks at all deadlines four times a second; a timer per connection would cost one per message. */
function startSweeping({ clock, clients }: Room): () => void {
  let stop = (): void => undefined;
  const sweep = (): void => {
    const nowMs = clock.uptimeMs();
    for (const client of clients) client.sweep(nowMs);
    stop = clock.after(SWEEP_MS, sweep);
  };
  stop = clock.after(SWEEP_MS, sweep);
  return () => stop();
}

/** Ends those who hold most in incomplete packets, until half of the bound is free again. */
function endLargestHolders({ clients, held }: Room): void {
  for (const client of [...clients].sort((a, b) => b.heldBytes - a.heldBytes)) {
    if (!held.isFull) return;
    client.end(REASON.quotaExceeded, "too many incomplete packets", new Fault("PEER_LIMIT", `holds ${client.heldBytes} bytes of a packet that it does not complete`));
  }
}

function sourcesOf(clients: ReadonlySet<Client>): Source[] {
  return [...clients].flatMap(({ source }) => (source === undefined ? [] : [source]));
}

function send(room: Room, machine: string, topic: string, payload: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const roots = [...room.clients].flatMap(({ source }) => (source?.machine === machine ? [source.root] : []));
    if (!isTopicName(topic) || roots.some((root) => !isCommandFilter(root, topic))) return reject(new Fault("INPUT_INVALID", `${JSON.stringify(topic)} is no command topic of the machine`, { where: machine }));
    const settled = (fault?: Fault): void => (fault === undefined ? resolve() : reject(fault));
    let refusal: unknown = new Fault("NOT_FOUND", "the machine has no session here", { where: machine, remedy: "Is it switched on and set to this gateway?" });
    for (const commands of room.sessions.of(machine)) {
      try {
        commands.offer({ topic, payload, settled });
        for (const client of room.clients) if (client.source?.machine === machine) client.pushCommands();
        return undefined;
      } catch (error) {
        refusal = error;
        if (!isFault(error, "NOT_FOUND")) break;
      }
    }
    reject(refusal);
  });
}

async function close({ clients, sessions }: Room, listeners: ReadonlySet<Listener>, stopSweeping: () => void): Promise<void> {
  for (const listener of listeners) listener.stop();
  stopSweeping();
  await Promise.all([...clients].map((client) => client.drain()));
  sessions.stop();
  for (const client of clients) client.end(REASON.shuttingDown, "the gateway stops");
  await Promise.all([...clients].map(({ gone }) => gone));
  await Promise.all([...listeners].map((listener) => listener.close()));
}
