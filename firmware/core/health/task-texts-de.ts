// The conditions of tasks, in German.

import type { ConditionText } from "./condition-codes.ts";

export const germanTaskTexts = {
  TASK_AWAITS_CONSENT: {
    title: "Ein Auftrag wartet auf Zustimmung",
    cause: "{detail}",
    effect: "Er läuft nicht, bevor jemand mit der Rolle manager zustimmt, und verfällt, wenn es niemand tut.",
    remedy: "`weir task list` zeigt ihn; stimmen Sie mit `weir task approve ID` zu, oder brechen Sie ihn mit `weir task cancel ID` ab.",
  },
} as const satisfies Readonly<Record<string, ConditionText>>;
