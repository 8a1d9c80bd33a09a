// The section `gateway` of the configuration: who this gateway is.

import Type from "typebox";
import type { Static } from "typebox";

export const GatewaySchema = Type.Object(
  {
    id: Type.Optional(
      Type.String({
        pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        expects: "letters, digits, `.`, `_` and `-`, at most 64, beginning with a letter or digit",
        description: "Name of the gateway in topics and payloads, unique in the whole fleet. Where it is not given, a random one is made at the first start and kept.",
      }),
    ),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: "Name for people, shown on the web page and in the status." })),
  },
  { additionalProperties: false, default: {}, description: "Who this gateway is." },
);
export type GatewaySettings = Static<typeof GatewaySchema>;
