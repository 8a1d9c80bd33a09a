// The gateway as a target service of one segment: machines find it there, and where they may publish to.

import { createHash, randomUUID } from "node:crypto";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault } from "../../../drivers/contract/fault.ts";
import { SourceBudget } from "../../protocol/ws-discovery/outgoing.ts";
import type { Source } from "../../protocol/ws-discovery/outgoing.ts";
import type { Target } from "../../protocol/ws-discovery/message.ts";
import { TargetService } from "../../protocol/ws-discovery/target-service.ts";
import { MULTICAST } from "../../protocol/ws-discovery/vocabulary.ts";
import { openDiscoverySockets } from "../../runtime/discovery-sockets.ts";
import type { DiscoverySockets } from "../../runtime/discovery-sockets.ts";
import type { Log } from "../../runtime/journal.ts";
import { isLinkLocal } from "../../runtime/own-addresses.ts";
import type { OwnAddress } from "../../runtime/own-addresses.ts";
import { judgeSource, type SegmentBounds } from "./segment-sources.ts";

/** docs/miko-profile.md, Discovery. */
export const GATEWAY_TYPE = { namespace: "urn:weir:gateway:1", name: "Gateway" } as const;

export interface GatewayTargetOptions extends SegmentBounds {
  readonly own: readonly OwnAddress[];
  readonly endpoint: string;
  /** Larger in each life: seconds since 1970. It is the metadata's version too, since what is offered changes only between two lives. */
  readonly instanceId: number;
  readonly ingestTls?: number;
  readonly ingestPlain?: number;
  /** Where our own probes leave from: they are not answered. */
  readonly probePort: number;
  readonly clock: Clock;
  readonly log: Log;
}

export interface GatewayTarget {
  /** Says goodbye and closes the sockets. */
  close(): Promise<void>;
}

/** Datagrams looked into per source; the answers have a narrower budget of their own. */
const INTAKE = { perSecond: 20, burst: 60, maxSources: 2048 } as const;

/**
 * The same gateway is the same endpoint in each life, as long as its network port is the same (RFC 9562 §5.8): from the port's hardware address, which everybody
 * in the segment sees anyway, and the segment's name, which tells VLANs of one port apart. Nothing secret and nothing of the gateway's inside is told by it.
 */
export function gatewayEndpoint(hardware: string, segment: string): string {
  const hex = createHash("sha256").update(`urn:weir:gateway:1 ${hardware} ${segment}`).digest("hex");
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** One target service for each own address. Where one cannot be had, the gateway is found at the others only; that is logged. */
export async function openGatewayTarget(options: GatewayTargetOptions): Promise<GatewayTarget> {
  const { own, log } = options;
  const opened = await Promise.all(
    own.map(async (one) => {
      try {
        return await openOne(one, options);
      } catch (error) {
        log.warn({ fault: asFault(error) }, "the gateway is not found by WS-Discovery at one of its addresses");
        return async () => undefined;
      }
    }),
  );
  return { close: async () => void (await Promise.all(opened.map((close) => close()))) };
}

async function openOne(own: OwnAddress, options: GatewayTargetOptions): Promise<() => Promise<void>> {
  const { clock, log, probePort, instanceId } = options;
  const service = new TargetService({ target: describe(own, options), instanceId, random: Math.random, newId: () => `urn:uuid:${randomUUID()}` });
  const intake = new SourceBudget(INTAKE.perSecond, INTAKE.burst, INTAKE.maxSources);
  const take = (bytes: Buffer, source: Source, isMulticast: boolean): void => {
    const plain = source.address.split("%")[0];
    if (plain === own.address && source.port === probePort) return;
    const nowMs = clock.uptimeMs();
    if (judgeSource(source.address, own, options) !== "own" || !intake.take(source.address, nowMs)) return;
    for (const answer of service.take(bytes, source, isMulticast, nowMs)) sockets.send(answer);
  };
  const sockets: DiscoverySockets = await openDiscoverySockets({ own, port: MULTICAST.port, clock, onDatagram: take, onFault: (fault) => log.debug({ fault }, "a datagram of WS-Discovery was not sent") });
  for (const hello of service.hello()) sockets.send(hello);
  return async () => {
    for (const bye of service.bye()) sockets.send(bye);
    await sockets.close();
  };
}

function describe(own: OwnAddress, { endpoint, instanceId, ingestTls, ingestPlain }: GatewayTargetOptions): Target {
  // A link-local address means another interface to each who reads it, so no URL names one.
  const host = isLinkLocal(own) ? undefined : own.family === "ipv6" ? `[${own.address}]` : own.address;
  const urls = host === undefined ? [] : [...(ingestTls === undefined ? [] : [`mqtts://${host}:${ingestTls}`]), ...(ingestPlain === undefined ? [] : [`mqtt://${host}:${ingestPlain}`])];
  return { endpoint, types: [GATEWAY_TYPE], scopes: [], xaddrs: urls, metadataVersion: instanceId };
}
