// The conditions of the audit log's keeping, in English.

import type { ConditionText } from "./condition-codes.ts";

export const englishAuditTexts = {
  AUDIT_ROLLED_BACK: {
    title: "The audit log is not where it was",
    cause: "{detail}",
    effect: "Entries were taken away, or an older copy of the log or of the whole data directory was put back. New entries begin behind the last number that is known.",
    remedy: "Keep a copy of the data directory, compare with the log collector and with the mark in the cloud's status document (`weir audit verify --known NUMBER:MARK`), and treat this as a security incident unless you restored it yourself.",
  },
  AUDIT_ON_RESERVE: {
    title: "The audit log lives on its reserve",
    cause: "The disk is full. {detail}",
    effect: "Entries are still written: there is room of their own for some 2,000. After that what happens is no longer recorded.",
    remedy: "Free space on the file system of the data directory. The reserve is then made again by itself.",
  },
  AUDIT_NOT_EXPORTED: {
    title: "Entries of the audit log were deleted that nobody has",
    cause: "{detail}",
    effect: "These entries had reached their age or the log its size, and there was no room to export them. No log collector has them.",
    remedy: "Free space on the file system of the data directory, or configure a log collector (`plant.syslog`).",
  },
} as const satisfies Readonly<Record<string, ConditionText>>;
