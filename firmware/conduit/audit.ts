// The part of the people's conduits that is about the audit log.

import Type from "typebox";
import type { Static } from "typebox";
import { get, post } from "./route.ts";
import { closed, orNull, text, time } from "./words.ts";

export const AUDIT_RESULTS = ["done", "refused", "failed"] as const;

export const AuditRecordSchema = closed({
  number: Type.Integer(),
  time: time(),
  /** How sure the time is. */
  timeQuality: text(32),
  /** Since the start of core's process. */
  uptimeMs: Type.Integer(),
  /** The zone it came through: `core`, `local`, `admin`, `field`, … */
  zone: text(64),
  /** An account, a token, `local`, or a part of the gateway. */
  actor: text(256),
  /** Address that the actor came from, as its zone says; null where there is none. */
  source: orNull(text(128)),
  action: text(64),
  /** On what. */
  target: text(1024),
  result: Type.Enum(AUDIT_RESULTS),
  /** JSON. */
  detail: Type.Record(Type.String(), Type.Unknown()),
});
export type AuditRecord = Static<typeof AuditRecordSchema>;

/**
 * What is wrong at a number: `altered`: its content is not what was written; `missing`: it is not there; `swapped`: another entry of the log belongs
 * there; `cut-start`, `cut-end`: the log does not begin or end where it is sealed to.
 */
export const AUDIT_BREAKS = ["altered", "missing", "swapped", "cut-start", "cut-end"] as const;
export type AuditBreak = (typeof AUDIT_BREAKS)[number];

/** A position of the chain, as the status document that the cloud gets has it: the log must go through it. */
export const AuditMarkSchema = closed({ number: Type.Integer({ minimum: 0 }), chain: Type.String({ pattern: "^[0-9a-f]{64}$" }) });
export type AuditMark = Static<typeof AuditMarkSchema>;

export const auditRoutes = {
  /** Newest first, or with `after` oldest first. Filters are exact, `text` is looked for in all fields. */
  audit: get("/v1/audit", {
    input: closed({
      limit: Type.Integer({ minimum: 1, maximum: 500 }),
      before: Type.Optional(Type.Integer({ minimum: 1 })),
      after: Type.Optional(Type.Integer({ minimum: 0 })),
      from: Type.Optional(time()),
      until: Type.Optional(time()),
      actor: Type.Optional(text(256)),
      action: Type.Optional(text(64)),
      result: Type.Optional(Type.Enum(AUDIT_RESULTS)),
      text: Type.Optional(text(128)),
      /** This page begins an export of the records, which is recorded itself. */
      export: Type.Optional(Type.Boolean()),
    }),
    reply: closed({ records: Type.Array(AuditRecordSchema), hasMore: Type.Boolean() }),
  }),
  /** Walks the whole chain, which takes a while. `known` is a mark that was kept elsewhere. */
  verifyAudit: post("/v1/audit/verify", {
    input: closed({ known: Type.Optional(AuditMarkSchema) }),
    reply: closed({
      checked: Type.Integer(),
      unverifiable: Type.Integer(),
      first: orNull(Type.Integer()),
      last: orNull(Type.Integer()),
      broken: orNull(closed({ number: Type.Integer(), why: Type.Enum(AUDIT_BREAKS) })),
      /** Where the log ends now. */
      head: AuditMarkSchema,
    }),
  }),
} as const;
