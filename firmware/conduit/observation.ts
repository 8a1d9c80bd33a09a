// What host tells core of the kernel's counters and sets: who was not let through, and who speaks on the segments. Headers only, bounded in size.

import Type from "typebox";
import type { Static } from "typebox";

const closed = { additionalProperties: false } as const;

/** Why a packet was not let through, as firmware/protocol/firewall names it. */
export const VERDICTS = ["denied", "forwarded", "spoofed", "flooded"] as const;

/** What the kernel's sets can hold, both families together (firmware/protocol/firewall/ruleset-watch.ts). */
export const MOST_OBSERVED = { sources: 2048, targets: 2048, zoneTargets: 512, pairs: 14_336 } as const;

const AddressSchema = Type.String({ pattern: "^[0-9a-f:.]{2,45}$" });
const MacSchema = Type.String({ pattern: "^[0-9a-f]{2}(:[0-9a-f]{2}){5}$" });
const PacketsSchema = Type.Integer({ minimum: 0 });
/** A port, or type and code of what has no ports. */
const PortSchema = Type.Integer({ minimum: 0, maximum: 65_535 });
/** As nftables writes it: a name or a number. */
const ProtocolSchema = Type.String({ pattern: "^[a-z0-9-]{1,20}$" });

const SourceSchema = Type.Object({ address: AddressSchema, packets: PacketsSchema }, closed);
const TargetSchema = Type.Object({ source: AddressSchema, destination: AddressSchema, protocol: ProtocolSchema, port: PortSchema, packets: PacketsSchema }, closed);

const RefusedSchema = Type.Object(
  {
    verdict: Type.Enum(VERDICTS),
    /** All packets since the rules were loaded. */
    packets: PacketsSchema,
    sources: Type.Array(SourceSchema, { maxItems: MOST_OBSERVED.sources }),
    targets: Type.Array(TargetSchema, { maxItems: MOST_OBSERVED.targets }),
    /** A set of sources is full: there may be more than it names. */
    isCrowded: Type.Boolean(),
  },
  closed,
);

const SideSchema = Type.Object({ side: Type.String({ maxLength: 100 }), discoveryPorts: Type.Array(PortSchema, { maxItems: 8 }), refused: Type.Array(RefusedSchema, { maxItems: VERDICTS.length }) }, closed);

/** `arp`: claimed by ARP. `ip`: sent packets so. `discovery`: in WS-Discovery. */
export const PAIR_ORIGINS = ["arp", "ip", "discovery"] as const;

const PairSchema = Type.Object({ address: AddressSchema, mac: MacSchema, origin: Type.Enum(PAIR_ORIGINS), packets: PacketsSchema }, closed);

const SegmentSchema = Type.Object(
  {
    side: Type.String({ maxLength: 100 }),
    /** The gateway's own on this segment. */
    own: Type.Object({ addresses: Type.Array(AddressSchema, { maxItems: 64 }), macs: Type.Array(MacSchema, { maxItems: 8 }) }, closed),
    pairs: Type.Array(PairSchema, { maxItems: MOST_OBSERVED.pairs }),
    isCrowded: Type.Boolean(),
  },
  closed,
);

const ZoneTargetSchema = Type.Object({ destination: AddressSchema, protocol: ProtocolSchema, port: PortSchema, packets: PacketsSchema }, closed);
const ZoneSchema = Type.Object({ zone: Type.String({ maxLength: 32 }), packets: PacketsSchema, targets: Type.Array(ZoneTargetSchema, { maxItems: MOST_OBSERVED.zoneTargets }) }, closed);

/** Counts begin again with each load of the rules; an element is gone ten minutes after its last packet. */
export const ObservationSchema = Type.Object(
  { sides: Type.Array(SideSchema, { maxItems: 80 }), segments: Type.Array(SegmentSchema, { maxItems: 64 }), zones: Type.Array(ZoneSchema, { maxItems: 16 }) },
  closed,
);
export type Observation = Static<typeof ObservationSchema>;
export type ObservedSide = Observation["sides"][number];
export type ObservedSegment = Observation["segments"][number];
export type ObservedPair = ObservedSegment["pairs"][number];
export type ObservedTarget = Static<typeof TargetSchema>;
