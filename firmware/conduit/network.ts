// The part of the people's conduits that is about the gateway's walls and addresses.

import Type from "typebox";
import type { Static } from "typebox";
import { get, post } from "./route.ts";
import { NothingSchema } from "./shared.ts";

const NetworkStandingSchema = Type.Object(
  {
    /** `unknown` where there is no zone host, or core has not looked yet. */
    state: Type.Enum(["unknown", "in force", "on trial", "returned", "refused"]),
    /** Names the change on trial. */
    change: Type.Union([Type.String(), Type.Null()]),
    secondsLeft: Type.Union([Type.Integer(), Type.Null()]),
    /** What comes (`+`) and goes (`-`) against what was confirmed. */
    lines: Type.Array(Type.String()),
    /** Why it was refused. */
    words: Type.Union([Type.String(), Type.Null()]),
  },
  { additionalProperties: false },
);
export type NetworkStanding = Static<typeof NetworkStandingSchema>;

export const NetworkReportSchema = Type.Object({ hasHost: Type.Boolean(), network: NetworkStandingSchema, firewall: NetworkStandingSchema }, { additionalProperties: false });
export type NetworkReport = Static<typeof NetworkReportSchema>;

export const networkRoutes = {
  /** How firewall and network stand against the configuration. */
  network: get("/v1/network", { input: NothingSchema, reply: NetworkReportSchema }),
  /** Keeps what is on trial; of `changes`, where these are named. NOT_FOUND when nothing is. */
  confirmNetwork: post("/v1/network/confirm", { input: Type.Object({ changes: Type.Optional(Type.Array(Type.String(), { maxItems: 2 })) }, { additionalProperties: false }), reply: NetworkReportSchema }),
  /** Puts on trial again what returned or was refused. */
  tryNetwork: post("/v1/network/try", { input: NothingSchema, reply: NetworkReportSchema }),
} as const;
