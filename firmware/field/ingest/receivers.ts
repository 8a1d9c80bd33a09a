// Who takes what a machine publishes: the driver's session of that machine, as long as it asks for it.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { PublishedHandlers } from "../../../drivers/contract/driver.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { AssetId } from "../../../drivers/contract/identity.ts";
import { isTopicName } from "../../protocol/mqtt-server/topics.ts";
import type { Admitted, IngestPorts, Source } from "./ports.ts";

/** What one session asks for. */
export interface Wish {
  /** The assignment's name, which the machine's client proves itself as. */
  readonly name: string;
  readonly asset: AssetId;
  readonly root: string;
  readonly handlers: PublishedHandlers;
}

export interface Receivers extends Required<Pick<IngestPorts, "accept" | "presence">> {
  /** Until the signal aborts (resolves) or the machine is gone (PEER_CLOSED) or does not come (PEER_TIMEOUT). Throws INPUT_INVALID for a root that cannot be used. */
  receive(wish: Wish, signal: AbortSignal): Promise<void>;
  /** Waits a while for the session of a machine that is let in. Throws CONDUIT_UNAVAILABLE where there is none: it is to come again. */
  admit(name: string, signal: AbortSignal): Promise<Admitted>;
  /** The asset that is received under the name. */
  assetOf(name: string): AssetId | undefined;
  /** From now on a connection that goes is no loss: it is we who end it. */
  stop(): void;
}

export interface ReceiversParts {
  readonly clock: Clock;
  /** Ends all connections of a machine, which comes again. */
  interrupt(asset: AssetId, text: string): void;
}

interface Receiver extends Wish {
  readonly sources: Set<Source>;
  isReady: boolean;
  lose(fault: Fault): void;
  stopWaiting(): void;
}

/** So long a machine has to connect once its session waits for it; afterwards the session is begun anew. */
const COMES_MS = 30_000;
/** So long a client waits for its session: it is opened anew when the machine comes back. */
const SESSION_MS = 5000;

interface State extends ReceiversParts {
  readonly byName: Map<string, Receiver>;
  readonly byAsset: Map<AssetId, Receiver>;
  readonly waiting: Set<() => void>;
  isStopping: boolean;
}

export function makeReceivers(parts: ReceiversParts): Receivers {
  const state: State = { clock: parts.clock, interrupt: parts.interrupt, byName: new Map(), byAsset: new Map(), waiting: new Set(), isStopping: false };
  return {
    receive: (wish, signal) => receive(state, wish, signal),
    admit: (name, signal) => admit(state, name, signal),
    assetOf: (name) => state.byName.get(name)?.asset,
    accept: (source, messages) => {
      const receiver = state.byAsset.get(source.machine);
      if (receiver === undefined) return Promise.reject(new Fault("CONDUIT_UNAVAILABLE", "the machine is not being read at the moment; it sends again what it was not acknowledged"));
      return receiver.handlers.take(messages);
    },
    presence: (source, isConnected, fault) => (isConnected ? arrive(state, source) : leave(state, source, fault)),
    stop: () => void (state.isStopping = true),
  };
}

async function receive(state: State, wish: Wish, signal: AbortSignal): Promise<void> {
  const { name, asset, root } = wish;
  demandUsable(state, wish);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const late = (): void => reject(new Fault("PEER_TIMEOUT", `the machine did not connect to the gateway within ${COMES_MS / 1000} s`, { where: name, remedy: "Look at the machine whether it publishes to this gateway, with the user, password and certificate that `weir assets enrol` gave out." }));
  const receiver: Receiver = { ...wish, sources: new Set(), isReady: false, lose: reject, stopWaiting: state.clock.after(COMES_MS, late) };
  const onAbort = (): void => resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) resolve();
  // Whoever is still connected was let in to another session.
  state.interrupt(asset, "the machine is read anew");
  state.byName.set(name, receiver);
  state.byAsset.set(asset, receiver);
  for (const wake of state.waiting) wake();
  try {
    await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    receiver.stopWaiting();
    state.byName.delete(name);
    state.byAsset.delete(asset);
    if (receiver.sources.size > 0 && !state.isStopping) state.interrupt(asset, `the machine below ${root} is read anew; come again`);
  }
}

function demandUsable(state: State, { name, asset, root }: Wish): void {
  const refuse = (message: string): Fault => new Fault("INPUT_INVALID", message, { where: name, remedy: "Give the machine a root of its own in its settings." });
  if (!isTopicName(root) || root.endsWith("/") || root.startsWith("$")) throw refuse(`the root ${JSON.stringify(root)} that the machine publishes below is no plain topic`);
  // Roots may be the same or nested: a message is its machine's by who is connected, not by its topic. Else one machine could shut out another by claiming its root.
  for (const other of state.byName.values()) if (other.asset === asset) throw refuse(`${asset} is already received as ${other.name}`);
}

async function admit({ byName, waiting, clock }: State, name: string, signal: AbortSignal): Promise<Admitted> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => void (byName.has(name) && resolve());
  const stop = clock.after(SESSION_MS, resolve);
  waiting.add(look);
  signal.addEventListener("abort", () => resolve(), { once: true });
  look();
  await promise;
  waiting.delete(look);
  stop();
  const receiver = byName.get(name);
  if (receiver === undefined) throw new Fault("CONDUIT_UNAVAILABLE", `comes as ${name}, which is not being read at the moment, or not by what it publishes here`, { remedy: "Look at `weir assets show` for what keeps it from being read." });
  return { machine: receiver.asset, root: receiver.root };
}

function arrive(state: State, source: Source): void {
  const receiver = state.byAsset.get(source.machine);
  // Its session ended in the moment in which it was let in.
  if (receiver === undefined) return queueMicrotask(() => state.interrupt(source.machine, "the machine is read anew; come again"));
  receiver.sources.add(source);
  receiver.stopWaiting();
  if (receiver.isReady) return undefined;
  receiver.isReady = true;
  return receiver.handlers.ready();
}

function leave(state: State, source: Source, fault: Fault | undefined): void {
  const receiver = state.byAsset.get(source.machine);
  if (receiver?.sources.delete(source) !== true || state.isStopping) return;
  // A connection that takes over the session of this one arrives before the microtask.
  queueMicrotask(() => {
    if (receiver.sources.size === 0) receiver.lose(new Fault("PEER_CLOSED", fault === undefined ? "the machine said goodbye" : `the machine's connection: ${fault.message}`, { where: fault?.where ?? `machine at ${source.address}`, cause: fault }));
  });
}
