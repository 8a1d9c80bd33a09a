// The conditions of tasks, in English.

import type { ConditionText } from "./condition-codes.ts";

export const englishTaskTexts = {
  TASK_AWAITS_CONSENT: {
    title: "A task waits for consent",
    cause: "{detail}",
    effect: "It does not run before somebody with the role manager approves it, and expires if nobody does.",
    remedy: "`weir task list` shows it; approve it with `weir task approve ID`, or cancel it with `weir task cancel ID`.",
  },
} as const satisfies Readonly<Record<string, ConditionText>>;
