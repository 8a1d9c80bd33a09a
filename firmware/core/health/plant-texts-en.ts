// Conditions of the plant's own systems, in English.

import type { ConditionText } from "./condition-codes.ts";

export const plantEnglish: Readonly<Record<"DIRECTORY_LOST" | "SYSLOG_LOST", ConditionText>> = {
  DIRECTORY_LOST: {
    title: "The plant's directory cannot be asked",
    cause: "{detail}",
    effect: "People who have their account there cannot log in. Local accounts can; whoever is logged in stays so.",
    remedy: "Check the directory server and the section `plant.directory` of the configuration.",
  },
  SYSLOG_LOST: {
    title: "The plant's log collector does not take the audit log",
    cause: "{detail}",
    effect: "Entries of the audit log wait in the gateway and are sent when it is back, as long as they are kept.",
    remedy: "Check the collector and the section `plant.syslog` of the configuration.",
  },
};
