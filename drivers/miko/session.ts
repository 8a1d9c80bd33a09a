// A session with one MIKO-style machine, as the contract asks for it.

import type { Accept, DriverContext, PointSpec, Session } from "../contract/driver.ts";
import { Fault } from "../contract/fault.ts";
import type { AssetId } from "../contract/identity.ts";
import type { DataType } from "../contract/reading.ts";
import type { MikoConfig } from "./config.ts";
import { openEventList } from "./event-list.ts";
import { followAtBroker, followAtGateway } from "./follow.ts";
import { readPresent, type Machine } from "./machine.ts";
import { writeAddress, type Trust } from "./peer-socket.ts";
import { poll } from "./poll.ts";
import { findPublishing, type Broker, type Gateway } from "./publish-address.ts";
import { takeSnapshot } from "./snapshot.ts";
import type { RequestOptions } from "./transport-request.ts";

export interface SessionParts {
  readonly machine: Machine;
  readonly config: MikoConfig;
  readonly context: DriverContext;
  readonly trust: Trust | undefined;
  readonly credentials: RequestOptions["credentials"];
}

/** Owns the machine's requests: `close` ends them. */
export function makeSession(parts: SessionParts): Session {
  const { machine, context } = parts;
  const closing = new AbortController();
  const demandOwn = (asset: AssetId): void => {
    if (asset !== machine.asset) throw new Fault("NOT_FOUND", `the session has no asset ${asset}`, { where: machine.url });
  };
  return {
    assets: [machine.nameplate],
    browse: async (asset) => {
      demandOwn(asset);
      return [...machine.points.values()].map(({ id, name, unit, dataType, access, item }): PointSpec => {
        return { id, name, ...(unit === undefined ? {} : { unit }), dataType: dataType ?? guessType(machine, item), access };
      });
    },
    read: async (asset, points, signal) => {
      demandOwn(asset);
      return readPresent(machine, points, context, AbortSignal.any([signal, closing.signal]));
    },
    snapshot: async (asset, progress, signal) => {
      demandOwn(asset);
      return takeSnapshot(machine, context, progress, AbortSignal.any([signal, closing.signal]));
    },
    subscribe: async (accept, signal) => {
      const both = AbortSignal.any([signal, closing.signal]);
      const guarded: Accept = (readings, moved) => (both.aborted ? Promise.reject(new Fault("CANCELLED", "the session is closed", { where: machine.url })) : accept(readings, moved));
      try {
        await supply(parts, guarded, both);
      } catch (error) {
        if (!both.aborted) throw error;
      }
    },
    close: async () => {
      closing.abort();
      await machine.requests.close();
    },
  };
}

async function supply({ machine, config, context, trust, credentials }: SessionParts, accept: Accept, signal: AbortSignal): Promise<void> {
  const events = openEventList(machine, context);
  const find = async (): Promise<Broker | Gateway | undefined> => (config.publish ? findPublishing(machine, trust, credentials, context, signal) : undefined);
  const place = await find();
  const work = { machine, events, config, context, accept };
  if (place === undefined) {
    context.arrivesBy("polled");
    return poll(work, async () => (await find()) !== undefined, signal);
  }
  context.log.debug({ root: place.root, kind: place.kind }, "receives what the machine publishes");
  if (place.kind === "gateway") {
    context.arrivesBy("gateway");
    return followAtGateway(work, place.root, place.ingest, signal);
  }
  context.arrivesBy(`${place.peer.trust === undefined ? "mqtt" : "mqtts"}://${writeAddress(place.peer)}`);
  return followAtBroker(work, place, signal);
}

function guessType(machine: Machine, item: unknown): DataType {
  const sample = item === undefined ? undefined : machine.mapping.listed?.(item, { id: "" }, { asset: machine.asset, gatewayTime: "", timeQuality: "unknown" });
  const value = sample !== undefined && "value" in sample ? sample.value : undefined;
  const first = Array.isArray(value) ? value[0] : value;
  if (typeof first === "number") return "number";
  return typeof first === "boolean" ? "boolean" : "string";
}
