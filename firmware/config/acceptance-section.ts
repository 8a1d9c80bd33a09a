// The section `acceptance` of the configuration: which of the machines that are found are accepted without a person.

import Type from "typebox";
import type { Static } from "typebox";
import { FINGERPRINT, FINGERPRINT_WORDS, SecretReference } from "../../drivers/contract/settings.ts";
import { SEGMENT_NAME, SEGMENT_NAME_WORDS } from "./segments-section.ts";

const narrowing = (what: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: `Only machines whose nameplate names exactly this ${what}.` }));

export const AcceptanceRuleSchema = Type.Object(
  {
    segment: Type.String({ pattern: SEGMENT_NAME, expects: SEGMENT_NAME_WORDS, description: "Segment that the rule counts in, one of `segments`." }),
    ca: Type.Optional(SecretReference("Certificates (PEM) of the authorities of which one must have issued the machine's certificate.")),
    pins: Type.Optional(Type.Array(Type.String({ pattern: FINGERPRINT, expects: FINGERPRINT_WORDS, description: "SHA-256 fingerprint of a machine's certificate." }), { minItems: 1, maxItems: 2000, description: "The certificates that are accepted." })),
    withoutCertificate: Type.Boolean({ default: false, description: "Accept whoever is found, certificate or not. Only where all subnets of the segment are loopback, for demonstrations." }),
    manufacturer: narrowing("manufacturer"),
    model: narrowing("model"),
  },
  { additionalProperties: false },
);
export type AcceptanceRule = Static<typeof AcceptanceRuleSchema>;

export const AcceptanceSchema = Type.Array(AcceptanceRuleSchema, {
  default: [],
  maxItems: 64,
  description: "Rules that accept machines by themselves, by exactly one of `ca`, `pins` and `withoutCertificate`. What no rule accepts waits for a person (`weir assets list`).",
});
