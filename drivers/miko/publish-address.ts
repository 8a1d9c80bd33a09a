// Whether a machine publishes and where: its word is only taken for addresses in its own segment.

import { BlockList, isIP } from "node:net";
import { isMismatch } from "../../firmware/protocol/miko-mapping.ts";
import type { DriverContext, DriverIngest } from "../contract/driver.ts";
import { Fault } from "../contract/fault.ts";
import { hostOf } from "./config.ts";
import { misfit, type Machine } from "./machine.ts";
import type { Peer, Trust } from "./peer-socket.ts";
import type { RequestOptions } from "./transport-request.ts";

export interface Broker {
  readonly kind: "broker";
  readonly peer: Peer;
  /** The topic below which the machine publishes. */
  readonly root: string;
  readonly credentials: RequestOptions["credentials"];
}

/** The machine publishes to this gateway itself. */
export interface Gateway {
  readonly kind: "gateway";
  readonly root: string;
  readonly ingest: DriverIngest;
}

/** Where the machine publishes; undefined where it does not, or where that must not be used, which is then reported. */
export async function findPublishing(machine: Machine, trust: Trust | undefined, credentials: RequestOptions["credentials"], context: DriverContext, signal: AbortSignal): Promise<Broker | Gateway | undefined> {
  const { publish } = machine.profile.request;
  if (publish === undefined || machine.profile.publish === undefined) return undefined;
  const { status, document } = await machine.requests.get(publish.path, [404], signal);
  if (status === 404) return undefined;
  const found = machine.mapping.publishing(document);
  if (isMismatch(found)) return report(context, misfit(machine.url, publish.path, found.mismatch));
  const url = new URL(found.url);
  const where = `publish URL ${url.protocol}//${url.host} of ${machine.url}`;
  const host = hostOf(url);
  const { ingest } = context;
  if (ingest?.isHere(url) === true) {
    if (ingest.isEnrolled) return { kind: "gateway", root: found.root, ingest };
    return report(context, new Fault("CONFIG_INVALID", "the machine is set to publish to this gateway and was not enrolled; its points are polled instead", { where, remedy: "Enrol it with `weir assets enrol NAME` and set at it what that gives out." }));
  }
  if (!isWithin(host, context.segment, hostOf(new URL(machine.url)))) {
    return report(context, new Fault("ADDRESS_REFUSED", "the machine names a broker outside its segment; its points are polled instead", { where, remedy: "Correct the address at the machine, or add its subnet to the segment." }));
  }
  const isTls = url.protocol === "mqtts:";
  if (isTls && trust === undefined) {
    return report(context, new Fault("CONFIG_INVALID", "the machine's broker speaks TLS and nothing says what its certificate must be; its points are polled instead", { where, remedy: "Give `tls` with `pin` or `ca`." }));
  }
  const port = Number(url.port === "" ? (isTls ? 8883 : 1883) : url.port);
  return { kind: "broker", root: found.root, peer: { host, port, ...(isTls && trust !== undefined ? { trust } : {}) }, credentials: isTls ? credentials : undefined };
}

/** True for an IP address in one of the blocks, or, where there are none, for `own` itself. */
export function isWithin(host: string, segment: readonly string[], own: string): boolean {
  const family = isIP(host);
  if (family === 0) return false;
  if (segment.length === 0) return host === own;
  const blocks = new BlockList();
  for (const block of segment) {
    const [address = "", prefix = ""] = block.split("/");
    const kind = isIP(address);
    if (kind !== 0) blocks.addSubnet(address, Number(prefix === "" ? (kind === 4 ? 32 : 128) : prefix), kind === 4 ? "ipv4" : "ipv6");
  }
  return blocks.check(host, family === 4 ? "ipv4" : "ipv6");
}

function report(context: DriverContext, fault: Fault): undefined {
  context.report(fault);
  return undefined;
}
