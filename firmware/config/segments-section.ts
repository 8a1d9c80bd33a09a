// The section `segments` of the configuration: the machine networks, by name.

import Type from "typebox";
import type { Static } from "typebox";

export const SEGMENT_NAME = "^[a-z0-9][a-z0-9-]{0,31}$";
export const SEGMENT_NAME_WORDS = "lower-case letters, digits and `-`, at most 32";

export const SegmentSchema = Type.Object(
  {
    name: Type.String({ pattern: SEGMENT_NAME, expects: SEGMENT_NAME_WORDS, description: "Name of the segment, unique." }),
    subnets: Type.Array(Type.String({ format: "cidr", maxLength: 64, description: "Subnet in CIDR notation, e.g. 192.168.10.0/24." }), {
      minItems: 1,
      maxItems: 64,
      description: "Subnets of the segment. A machine of the segment, and every address it points to, must lie in one of them. No two segments overlap, unless they lie in different network namespaces (`network.field[].namespace`).",
    }),
    hosts: Type.Array(Type.String({ minLength: 1, maxLength: 512, description: "IP address, asked by UDP, or the http:// URL of a target." }), {
      maxItems: 256,
      default: [],
      description: "Hosts of the segment that are asked one by one where discovery's multicast does not reach them (behind a router). They must lie in the subnets.",
    }),
  },
  { additionalProperties: false },
);
export type Segment = Static<typeof SegmentSchema>;

export const SegmentsSchema = Type.Array(SegmentSchema, { default: [], maxItems: 256, description: "The networks that machines stand in." });
