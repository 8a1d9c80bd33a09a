// Receiving what a machine publishes: subscribe first, then read all points and the events since the cursor, then live; nothing falls between.

import type { Arrival } from "../../firmware/protocol/miko-mapping.ts";
import type { DriverIngest } from "../contract/driver.ts";
import { asFault, isFault } from "../contract/fault.ts";
import type { PointId } from "../contract/identity.ts";
import { makeDecoder, type Decoded, type Decoder, type Message } from "./codec.ts";
import { arrivalOf, badSample, readPresent } from "./machine.ts";
import type { Broker } from "./publish-address.ts";
import type { Subscription } from "./subscription.ts";
import { followBroker, type BrokerHandlers } from "./transport-mqtt.ts";

/** How long after the connection a message may still be one that the broker had kept for us, older than what was read. */
const CATCH_UP_MS = 60_000;

/** A way on which a machine's messages come: runs until the signal aborts (resolves) or it breaks (throws a Fault). */
type Way = (filters: readonly string[], handlers: BrokerHandlers, signal: AbortSignal) => Promise<void>;

/** From the machine's own broker. Until the signal aborts (resolves) or the machine is lost (throws a Fault). */
export async function followAtBroker(work: Subscription, broker: Broker, signal: AbortSignal): Promise<void> {
  const { events, config, context, accept } = work;
  const { peer, credentials } = broker;
  const clientId = await events.claimClientId(accept);
  const options = { peer, clientId, connectTimeoutMs: config.connectTimeout, keepAliveMs: config.keepAlive, ...(credentials === undefined ? {} : { credentials }) };
  return follow(work, broker.root, (filters, handlers, stop) => followBroker({ ...options, filters }, handlers, context.clock, stop), signal);
}

/** From the gateway's own endpoint, to which the machine publishes. Until the signal aborts (resolves) or the machine is lost (throws a Fault). */
export function followAtGateway(work: Subscription, root: string, ingest: DriverIngest, signal: AbortSignal): Promise<void> {
  return follow(work, root, (_, handlers, stop) => ingest.receive(work.machine.asset, root, handlers, stop), signal);
}

async function follow(work: Subscription, root: string, way: Way, signal: AbortSignal): Promise<void> {
  const { machine } = work;
  const scope = new AbortController();
  const both = AbortSignal.any([signal, scope.signal]);
  const decoder = makeDecoder(machine.profile, machine.mapping, root, machine.points);
  const supply = makeSupply(work, decoder, both);
  const ready = Promise.withResolvers<void>();
  const onAbort = (): void => ready.resolve();
  both.addEventListener("abort", onAbort, { once: true });
  const link = way(decoder.filters, { ready: ready.resolve, take: supply.take }, both);
  const upkeep = ready.promise.then(() => keepUp(work, supply, both));
  try {
    await Promise.race([link, upkeep]);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    scope.abort();
    supply.stop();
    await Promise.allSettled([link, upkeep]);
  }
}

interface Supply {
  /** Hands messages on; resolves when they are durable or set apart. */
  take(messages: readonly Message[]): Promise<unknown>;
  /** Reads every point anew. What the broker still delivers and is older than that is history. */
  reread(): Promise<void>;
  stop(): void;
}

function makeSupply({ machine, events, context, accept }: Subscription, decoder: Decoder, signal: AbortSignal): Supply {
  let stopMark = (): void => undefined;
  let isOffline = false;

  const reread = async (): Promise<void> => {
    const samples = await readPresent(machine, [...machine.points.keys()], context, signal);
    signal.throwIfAborted();
    const times = new Map<PointId, number>();
    for (const { point, sourceTime } of samples) if (sourceTime !== null) times.set(point, Date.parse(sourceTime));
    decoder.markPresent(times);
    stopMark();
    // Bounded, because a machine whose clock is set back would else publish history for ever.
    stopMark = context.clock.after(CATCH_UP_MS, () => decoder.markPresent(new Map()));
    if (samples.length > 0) await accept(samples);
    if (isOffline) await sayOffline("offline", arrivalOf(machine.asset, context));
  };
  const sayOffline = (state: string, arrival: Arrival): Promise<void> => accept([...machine.points.keys()].map((point) => badSample(point, `the machine's status is ${state}`, arrival)));
  const onStatus = (status: NonNullable<Decoded["status"]>, arrival: Arrival): Promise<unknown> => {
    machine.status.last = { state: status.state, received: arrival.gatewayTime };
    if (status.isOffline === isOffline) return Promise.resolve();
    isOffline = status.isOffline;
    return isOffline ? sayOffline(status.state, arrival) : reread();
  };
  return {
    reread,
    stop: () => stopMark(),
    take: (messages) => {
      const arrival = arrivalOf(machine.asset, context);
      const decoded = decoder.decode(messages, arrival);
      const durable: Promise<unknown>[] = [];
      if (decoded.readings.length > 0) durable.push(accept(decoded.readings));
      if (decoded.events.length > 0) void durable[0]?.then(() => decoded.events.forEach(({ event }) => events.remember(event.id)), () => undefined);
      for (const { reason, payload } of decoded.unmappable) durable.push(context.quarantine(machine.asset, reason, payload));
      if (decoded.status !== undefined) durable.push(onStatus(decoded.status, arrival));
      return durable.length === 1 && durable[0] !== undefined ? durable[0] : Promise.all(durable);
    },
  };
}

/** Reads all points, then the events again and again: a broker may drop what the machine's list still has. */
async function keepUp({ machine, events, config, context, accept }: Subscription, supply: Supply, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await supply.reread();
  await events.catchUp(accept, signal);
  for (;;) {
    await context.clock.sleep(config.eventsInterval, signal);
    try {
      await events.catchUp(accept, signal);
    } catch (error) {
      // Publish works; that the list does not is worth a report, not a loss.
      if (signal.aborted || !isFault(error, "PEER_PROTOCOL", "PEER_LIMIT", "PEER_TIMEOUT", "PEER_CLOSED", "PEER_UNREACHABLE", "PEER_OVERLOADED")) throw error;
      context.report(asFault(error, machine.url));
    }
  }
}
