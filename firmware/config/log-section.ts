// The section `log` of the configuration.

import Type from "typebox";
import type { Static } from "typebox";

export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;

export const LogLevelSchema = Type.Enum(LOG_LEVELS, { default: "info", description: "Least severe messages that are written." });

export const LogSchema = Type.Object(
  { level: LogLevelSchema },
  { additionalProperties: false, default: {}, description: "What is written to the log." },
);
export type LogSettings = Static<typeof LogSchema>;
