// The local conduit, between core and the `weir` command or the supervisor of the same user on the same host.

import Type from "typebox";
import { custodyRoutes } from "./accounts.ts";
import { peopleRoutes } from "./people.ts";
import { get, post } from "./route.ts";
import { NothingSchema } from "./shared.ts";

/** What the supervisor tells and asks. */
const supervisorRoutes = {
  /** How the zones' processes stand. */
  zones: post("/v1/zones", {
    input: Type.Object({ zones: Type.Record(Type.String(), Type.Object({ state: Type.String(), restarts: Type.Integer(), pid: Type.Optional(Type.Integer()), words: Type.Optional(Type.String({ maxLength: 2048 })) })) }, { additionalProperties: false }),
    reply: NothingSchema,
  }),
  /** The network namespaces besides the gateway's own that core serves a conduit for, each to a field process in it. */
  namespaces: get("/v1/namespaces", { input: NothingSchema, reply: Type.Object({ namespaces: Type.Array(Type.String()) }, { additionalProperties: false }) }),
} as const;

/** Whoever reaches it owns the gateway: no session is asked for, and the audit log says `local`. */
export const localConduit = { ...peopleRoutes, ...custodyRoutes, ...supervisorRoutes } as const;
