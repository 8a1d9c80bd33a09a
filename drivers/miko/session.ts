// A session with one MIKO-style machine, as the contract asks for it.

import type { Accept, DriverContext, PointSpec, Session } from "../contract/driver.ts";
import { Fault } from "../contract/fault.ts";
import type { AssetId } from "../contract/identity.ts";
import type { DataType } from "../contract/reading.ts";
import type { MikoConfig } from "./config.ts";
import { openEventList } from "./event-list.ts";
import { follow } from "./follow.ts";
import { readPresent, type Machine } from "./machine.ts";
import type { Trust } from "./peer-socket.ts";
import { poll } from "./poll.ts";
import { findBroker } from "./publish-address.ts";
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
      return [...machine.points.values()].map(({ id, name, unit, dataType, access, item }): PointSpec => ({
        id,
        name,
        ...(unit === undefined ? {} : { unit }),
        dataType: dataType ?? guessType(machine, item),
        access,
      }));
    },
    read: async (asset, points, signal) => {
      demandOwn(asset);
      return readPresent(machine, points, context, AbortSignal.any([signal, closing.signal]));
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
  const broker = config.publish ? await findBroker(machine, trust, credentials, context, signal) : undefined;
  const work = { machine, events, config, context, accept };
  if (broker === undefined) return poll(work, signal);
  context.log.debug({ broker: broker.peer.host, port: broker.peer.port, root: broker.root }, "receives what the machine publishes");
  return follow(work, broker, signal);
}

function guessType(machine: Machine, item: unknown): DataType {
  const sample = item === undefined ? undefined : machine.mapping.listed?.(item, { id: "" }, { asset: machine.asset, gatewayTime: "", timeQuality: "unknown" });
  const value = sample !== undefined && "value" in sample ? sample.value : undefined;
  const first = Array.isArray(value) ? value[0] : value;
  if (typeof first === "number") return "number";
  return typeof first === "boolean" ? "boolean" : "string";
}
