// The sessions of all machines: who is connected under which client id, what outlives a connection and for how long, and when a will is due.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import { makeCommands, type Commands } from "./commands.ts";
import type { Will } from "./read-connect.ts";
import { REASON, violation } from "./reason.ts";

export interface SessionTableOptions {
  readonly clock: Clock;
  /** A session outlives its connection no longer, whatever the client asks for. */
  readonly maxExpirySeconds: number;
  /** Sessions of one machine, connected or not. */
  readonly maxPerMachine: number;
}

export interface SessionRequest {
  readonly machine: string;
  readonly clientId: string;
  readonly isClean: boolean;
  readonly expirySeconds: number;
  readonly will?: Will | undefined;
  /** The machine went without a word: its will is to be taken as a message of it. Called once at most, even long after `close`. */
  publishWill(will: Will): void;
  /** Called when another connection takes the session over: this one is to be closed; `close` has no effect any more. */
  takenOver(): void;
}

export interface OpenSession {
  readonly commands: Commands;
  readonly isPresent: boolean;
  /** What was granted. */
  readonly expirySeconds: number;
  /** The connection is gone. `expirySeconds` is what the client asked for at its end. May be called twice. */
  close(end: { readonly isWillDue: boolean; readonly expirySeconds?: number | undefined }): void;
}

export interface SessionTable {
  /** Throws a violation: client id in use by another machine (0x85), too many sessions (0x97). */
  open(request: SessionRequest): OpenSession;
  /** The sessions of a machine, those with a connection first. */
  of(machine: string): readonly Commands[];
  /** Forgets the sessions of a machine without its wills; connections are the caller's. */
  forget(machine: string, fault: Fault): void;
  /** No timer runs and no will is published afterwards (MQTT 5 §3.1.2.5: a server that ends may defer them). */
  stop(): void;
}

interface Entry {
  readonly machine: string;
  readonly clientId: string;
  readonly commands: Commands;
  expirySeconds: number;
  will: Will | undefined;
  publishWill: (will: Will) => void;
  /** Present while connected. */
  connection: { takenOver(): void } | undefined;
  stopWill: (() => void) | undefined;
  stopExpiry: (() => void) | undefined;
}

interface State {
  readonly options: SessionTableOptions;
  readonly entries: Map<string, Map<string, Entry>>;
  /** Those with a connection. */
  readonly byClientId: Map<string, Entry>;
  isStopped: boolean;
}

export function makeSessionTable(options: SessionTableOptions): SessionTable {
  const state: State = { options, entries: new Map(), byClientId: new Map(), isStopped: false };
  const all = (machine: string): Entry[] => [...(state.entries.get(machine)?.values() ?? [])];
  return {
    open: (request) => open(state, request),
    of: (machine) => {
      const entries = all(machine);
      return [...entries.filter(({ connection }) => connection !== undefined), ...entries.filter(({ connection }) => connection === undefined)].map(({ commands }) => commands);
    },
    forget: (machine, fault) => {
      for (const entry of all(machine)) {
        entry.will = undefined;
        remove(state, entry, fault);
      }
    },
    stop: () => {
      state.isStopped = true;
      for (const sessions of state.entries.values()) for (const entry of sessions.values()) remove(state, entry, new Fault("CANCELLED", "the gateway stops"));
    },
  };
}

function open(state: State, request: SessionRequest): OpenSession {
  const { machine, clientId, isClean } = request;
  const holder = state.byClientId.get(clientId);
  if (holder !== undefined && holder.machine !== machine) {
    throw violation(REASON.clientIdInvalid, `uses the client id ${JSON.stringify(clientId)}, under which ${holder.machine} is connected`, "Give each machine a client id of its own.");
  }
  const known = state.entries.get(machine)?.get(clientId);
  if (known !== undefined) leaveBehind(state, known, isClean);
  if (known !== undefined && isClean) remove(state, known, new Fault("CANCELLED", "the machine began a new session"));
  const isPresent = known !== undefined && !isClean;
  const entry = isPresent ? known : add(state, machine, clientId);
  const connection = { takenOver: request.takenOver };
  entry.connection = connection;
  entry.will = request.will;
  entry.publishWill = request.publishWill;
  entry.expirySeconds = Math.min(request.expirySeconds, state.options.maxExpirySeconds);
  state.byClientId.set(clientId, entry);
  return {
    commands: entry.commands,
    isPresent,
    expirySeconds: entry.expirySeconds,
    close: (end) => {
      if (entry.connection === connection) close(state, entry, end);
    },
  };
}

/** What becomes of the connection and the will of a session that is opened again (MQTT 5 §3.1.4 and §3.1.2.5). */
function leaveBehind(state: State, entry: Entry, isClean: boolean): void {
  const isWillWaiting = entry.stopWill !== undefined;
  entry.stopWill?.();
  entry.stopExpiry?.();
  entry.stopWill = entry.stopExpiry = undefined;
  const { connection, will } = entry;
  entry.connection = undefined;
  if (connection !== undefined) {
    state.byClientId.delete(entry.clientId);
    entry.commands.detach();
    connection.takenOver();
  }
  const isDue = connection === undefined ? isWillWaiting && isClean : isClean || will?.delaySeconds === 0;
  if (isDue) publishWill(state, entry);
  entry.will = undefined;
}

function add(state: State, machine: string, clientId: string): Entry {
  const sessions = state.entries.get(machine) ?? new Map<string, Entry>();
  if (sessions.size >= state.options.maxPerMachine) {
    const idle = [...sessions.values()].find(({ connection }) => connection === undefined);
    if (idle === undefined) throw violation(REASON.quotaExceeded, `opens more than ${state.options.maxPerMachine} connections`, "Let the machine use one connection.");
    remove(state, idle, new Fault("CANCELLED", "the machine opened too many sessions; this one was the oldest"));
  }
  const entry: Entry = { machine, clientId, commands: makeCommands(), expirySeconds: 0, will: undefined, publishWill: () => undefined, connection: undefined, stopWill: undefined, stopExpiry: undefined };
  sessions.set(clientId, entry);
  state.entries.set(machine, sessions);
  return entry;
}

function close(state: State, entry: Entry, end: { readonly isWillDue: boolean; readonly expirySeconds?: number | undefined }): void {
  const { options } = state;
  entry.connection = undefined;
  state.byClientId.delete(entry.clientId);
  entry.commands.detach();
  const expirySeconds = Math.min(end.expirySeconds ?? entry.expirySeconds, options.maxExpirySeconds);
  if (!end.isWillDue) entry.will = undefined;
  const delaySeconds = Math.min(entry.will?.delaySeconds ?? 0, expirySeconds);
  if (delaySeconds === 0) publishWill(state, entry);
  else entry.stopWill = options.clock.after(delaySeconds * 1000, () => publishWill(state, entry));
  if (expirySeconds === 0) remove(state, entry, new Fault("PEER_CLOSED", "the machine's session ended"));
  else entry.stopExpiry = options.clock.after(expirySeconds * 1000, () => remove(state, entry, new Fault("PEER_TIMEOUT", `the machine did not come back within ${expirySeconds} s`)));
}

function publishWill(state: State, entry: Entry): void {
  const { will } = entry;
  entry.will = undefined;
  entry.stopWill?.();
  entry.stopWill = undefined;
  if (will !== undefined && !state.isStopped) entry.publishWill(will);
}

function remove(state: State, entry: Entry, fault: Fault): void {
  const sessions = state.entries.get(entry.machine);
  if (sessions?.get(entry.clientId) !== entry) return;
  if (state.byClientId.get(entry.clientId) === entry) state.byClientId.delete(entry.clientId);
  sessions.delete(entry.clientId);
  if (sessions.size === 0) state.entries.delete(entry.machine);
  entry.connection = undefined;
  entry.stopExpiry?.();
  // A session that ends takes a waiting will with it: published now (MQTT 5 §3.1.3.2.2).
  if (entry.stopWill !== undefined) publishWill(state, entry);
  entry.commands.drop(fault);
}
