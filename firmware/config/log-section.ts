// The section `log` of the configuration.

import Type from "typebox";
import type { Static } from "typebox";

export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;

export const LogSchema = Type.Object(
  { level: Type.Union(LOG_LEVELS.map((level) => Type.Literal(level)), { default: "info", description: "Least weight of what is written to the log." }) },
  { additionalProperties: false, default: {}, description: "What is written to the log." },
);
export type LogSettings = Static<typeof LogSchema>;
