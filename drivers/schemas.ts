// The configurations of all drivers, for those who check and show them without loading a driver (core, admin, weir check).

import type { TSchema } from "./contract/schema.ts";
import { checkMikoConfig, MikoConfigSchema, type MikoConfig } from "./miko/config.ts";

export interface DriverSchema {
  /** The driver's id. */
  readonly id: string;
  readonly title: string;
  readonly config: TSchema;
  /** What the schema cannot say, for a configuration that the schema has let through. Throws CONFIG_INVALID naming `where`. */
  check(config: unknown, where: string): void;
}

export const driverSchemas: readonly DriverSchema[] = [
  { id: "miko", title: "MIKO-style machine (Request and Publish)", config: MikoConfigSchema, check: (config, where) => checkMikoConfig(config as MikoConfig, where) },
];
