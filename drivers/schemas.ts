// The configurations of all drivers by driver id, for those who check and show them without loading a driver (core, admin, weir check).

import type { TSchema } from "./contract/schema.ts";
import { checkMikoConfig, MikoConfigSchema, type MikoConfig } from "./miko/config.ts";

export const driverSchemas: Readonly<Record<string, TSchema>> = {
  miko: MikoConfigSchema,
};

/** What a schema cannot say, for a configuration that its schema has let through. Throws CONFIG_INVALID naming `where`. */
export const driverChecks: Readonly<Record<string, (config: unknown, where: string) => void>> = {
  miko: (config, where) => checkMikoConfig(config as MikoConfig, where),
};
