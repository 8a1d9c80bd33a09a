// The plant conduit, between core and the zone that speaks with the plant's own systems: its directory and its log collector; later its clients.

import Type from "typebox";
import { LogLevelSchema } from "../config/log-section.ts";
import { DirectorySchema, SyslogSchema } from "../config/plant-section.ts";
import { AuditRecordSchema } from "./audit.ts";
import { get, post } from "./route.ts";
import { AfterSchema, AliveSchema, FaultReportSchema, NothingSchema, SecretsSchema } from "./shared.ts";
import { closed, orNull, text } from "./words.ts";

export const plantConduit = {
  /** Long poll. */
  settings: get("/v1/settings", {
    input: AfterSchema,
    reply: closed({ revision: Type.Integer(), logLevel: LogLevelSchema, gateway: text(64), version: text(32), directory: orNull(DirectorySchema), syslog: orNull(SyslogSchema), secrets: SecretsSchema }),
  }),
  /** Long poll: who wants to be known by the directory. Each question is given once, to be answered within `timeoutMs`. */
  questions: get("/v1/directory/questions", {
    input: closed({ waitMs: Type.Integer({ minimum: 0, maximum: 60_000 }) }),
    reply: closed({ questions: Type.Array(closed({ id: text(36), user: text(256), password: text(256) }), { maxItems: 16 }) }),
  }),
  /** `known`: the bind succeeded; `groups` are distinguished names. `refused`: unknown or wrong. A fault: nobody could be asked. */
  answer: post("/v1/directory/answer", {
    input: closed({
      id: text(36),
      outcome: Type.Enum(["known", "refused", "fault"]),
      displayName: Type.Optional(text(128)),
      email: Type.Optional(text(254)),
      groups: Type.Optional(Type.Array(text(1024), { maxItems: 1000 })),
      fault: Type.Optional(FaultReportSchema),
    }),
    reply: NothingSchema,
    bodyLimit: 1_048_576,
  }),
  /** Long poll: audit records that the collector has not got, oldest first. */
  auditRecords: get("/v1/audit/unsent", { input: closed({ limit: Type.Integer({ minimum: 1, maximum: 200 }), waitMs: Type.Integer({ minimum: 0, maximum: 60_000 }) }), reply: closed({ records: Type.Array(AuditRecordSchema) }) }),
  /** The collector has all up to `number`. Syslog has no confirmation: it is what TLS and TCP took and was not lost with the connection. */
  auditSent: post("/v1/audit/sent", { input: closed({ number: Type.Integer({ minimum: 0 }) }), reply: NothingSchema }),
  /** How directory and collector stand. */
  standing: post("/v1/standing", { input: closed({ of: Type.Enum(["directory", "syslog"]), state: Type.Enum(["connected", "idle", "lost"]), fault: Type.Optional(FaultReportSchema) }), reply: NothingSchema }),
  alive: post("/v1/alive", { input: AliveSchema, reply: NothingSchema }),
} as const;
