// What people do with the gateway: the same operations for the `weir` command and for the page, by the same functions of core.

import Type from "typebox";
import { accountRoutes } from "./accounts.ts";
import { assetRoutes } from "./assets.ts";
import { auditRoutes } from "./audit.ts";
import { certificateRoutes } from "./certificates.ts";
import { configurationRoutes } from "./configuration.ts";
import { networkRoutes } from "./network.ts";
import { get, post } from "./route.ts";
import { NothingSchema } from "./shared.ts";
import { statusRoutes } from "./status.ts";
import { taskRoutes } from "./tasks.ts";

const secretRoutes = {
  secretNames: get("/v1/secrets", { input: NothingSchema, reply: Type.Object({ names: Type.Array(Type.String()) }) }),
  setSecret: post("/v1/secrets/set", {
    input: Type.Object({ name: Type.String({ pattern: "^[a-z0-9][a-z0-9.-]{0,62}$" }), text: Type.String({ minLength: 1, maxLength: 32_768 }) }, { additionalProperties: false }),
    reply: NothingSchema,
  }),
  deleteSecret: post("/v1/secrets/delete", { input: Type.Object({ name: Type.String() }, { additionalProperties: false }), reply: NothingSchema }),
} as const;

/** Each of them stands in the table of permissions (firmware/core/accounts/permissions.ts). */
export const peopleRoutes = { ...statusRoutes, ...assetRoutes, ...secretRoutes, ...networkRoutes, ...configurationRoutes, ...certificateRoutes, ...accountRoutes, ...auditRoutes, ...taskRoutes } as const;
export type PeopleRoutes = typeof peopleRoutes;
