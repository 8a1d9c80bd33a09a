// What detection finds, and how grave each kind is.

import type { ConditionCode } from "../health/condition-codes.ts";

interface Kind {
  /** 1 to 1000, as of events (OPC UA part 9). */
  readonly severity: number;
  readonly condition: ConditionCode;
  /** One sentence for docs/detections.md. */
  readonly says: string;
  /** What stands as the source. */
  readonly source: string;
}

/** Every kind, the gravest first. */
export const KINDS = {
  "gateway-address-claimed": { severity: 900, condition: "DETECTION_GATEWAY_ADDRESS_CLAIMED", source: "MAC", says: "Somebody on a segment says by ARP, or sends as if, the gateway's own address were his." },
  "address-contested": { severity: 800, condition: "DETECTION_ADDRESS_CONTESTED", source: "MAC of the second one", says: "Two MACs use one address of a segment at the same time: ARP or neighbour spoofing, or an address given twice." },
  "discovery-forged": { severity: 800, condition: "DETECTION_DISCOVERY_FORGED", source: "MAC, or the false address", says: "WS-Discovery was spoken from an address that is none of the segment, or in the name of an address by a MAC that is seen nowhere else with it." },
  "zone-outwards": { severity: 800, condition: "DETECTION_ZONE_OUTWARDS", source: "zone", says: "A zone of the gateway itself wanted out where no flow leads: a defect, or somebody who took it over." },
  scan: { severity: 700, condition: "DETECTION_SCAN", source: "address", says: "One source tried 15 or more ports or addresses that it may not reach, within ten minutes." },
  "calls-outwards": { severity: 700, condition: "DETECTION_CALLS_OUTWARDS", source: "address", says: "A machine sends through the gateway to somebody outside its segment. Nothing is forwarded." },
  "too-many-sources": { severity: 700, condition: "DETECTION_TOO_MANY_SOURCES", source: "why they were refused, or `neighbours`", says: "More sources than can be told apart: false sources, as a rule. While it stands, single ones of this kind are not told." },
  flood: { severity: 600, condition: "DETECTION_FLOOD", source: "address", says: "One source sends more than a source may; what is too much is dropped." },
  "false-source": { severity: 500, condition: "DETECTION_FALSE_SOURCE", source: "address", says: "Packets came from an address that does not belong to the side they came from." },
  "address-changed": { severity: 500, condition: "DETECTION_ADDRESS_CHANGED", source: "the new MAC", says: "An address of a segment is used by another MAC than before, and the former one is silent: a device was replaced, or somebody took its place." },
  "new-device": { severity: 400, condition: "DETECTION_NEW_DEVICE", source: "MAC", says: "A MAC that was never seen on this segment speaks there." },
  "device-moved": { severity: 200, condition: "DETECTION_DEVICE_MOVED", source: "MAC", says: "A known MAC uses another IPv4 address than before." },
  denied: { severity: 200, condition: "DETECTION_DENIED", source: "address", says: "Somebody tries what no flow allows. Broadcasts and answers that come too late do not count." },
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as readonly KindName[];

/** One thing that was found between two observations. */
export interface Finding {
  readonly kind: KindName;
  /** The side or segment it was found on; `gateway` for the gateway's own zones. */
  readonly side: string;
  /** Who: an address, a MAC or a zone. */
  readonly source: string;
  /** Packets, or 1 where nothing is counted. */
  readonly count: number;
  /** What makes this case, in a few words. */
  readonly detail: string;
}
