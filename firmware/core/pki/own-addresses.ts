// At which of its own addresses machines reach the gateway: as configured, and as the zone that listens there says.

import ipaddr from "ipaddr.js";
import type { Configuration } from "../../config/schema.ts";
import { isWithin } from "./permitted-subnets.ts";

export interface Listener {
  readonly segment: string;
  readonly address: string;
  readonly port: number;
  readonly isTls: boolean;
}

/** The segment's subnets, and where machines of it publish to. */
export interface IngestSegment {
  readonly name: string;
  readonly subnets: readonly string[];
  readonly tlsPort: number | undefined;
  readonly plainPort: number | undefined;
  /** The gateway's addresses in it, in their shortest form. */
  readonly addresses: readonly string[];
}

const LOOPBACK = ["127.0.0.1", "::1"] as const;

/** Segments with a port for machines that publish. What `listeners` say counts only within the segment's own subnets. */
export function ingestSegments({ network, segments }: Pick<Configuration, "network" | "segments">, listeners: readonly Listener[]): readonly IngestSegment[] {
  return (network?.field ?? []).flatMap(({ segment: name, addresses = [], ingestTls, ingestPlain }) => {
    const { subnets = [] } = segments.find((one) => one.name === name) ?? {};
    if (ingestTls === undefined && ingestPlain === undefined) return [];
    const told = listeners.filter(({ segment }) => segment === name).map(({ address }) => address);
    const claimed = [...addresses.map((text) => text.split("/")[0] ?? ""), ...LOOPBACK, ...told].flatMap(canonical);
    return [{ name, subnets, tlsPort: ingestTls, plainPort: ingestPlain, addresses: [...new Set(claimed)].filter((address) => isWithin(address, subnets)) }];
  });
}

/** Shortest form, without the interface of a link-local address; nothing for what is no address. */
function canonical(text: string): readonly string[] {
  const [bare = ""] = text.split("%");
  return ipaddr.isValid(bare) ? [ipaddr.parse(bare).toString()] : [];
}
