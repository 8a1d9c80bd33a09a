// The part of the people's conduits that is about tasks: everything that takes time or somebody's consent.

import Type from "typebox";
import type { Static } from "typebox";
import { get, post, postForBytes } from "./route.ts";
import { closed, orNull, text, time } from "./words.ts";

export const TASK_STATES = ["ordered", "approved", "waiting", "running", "done", "failed", "cancelled", "expired"] as const;
export type TaskState = (typeof TASK_STATES)[number];

/** `asset-snapshot`: of one machine [U3.1-snap]. `gateway-snapshot`: diagnostics of the gateway [K2.1.16]. */
export const TASK_KINDS = ["asset-snapshot", "gateway-snapshot"] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

export const TaskSchema = closed({
  id: text(36),
  kind: Type.Enum(TASK_KINDS),
  /** The key of an asset; null where it is about the gateway. */
  target: orNull(text(512)),
  reason: text(512),
  state: Type.Enum(TASK_STATES),
  /** Whose consent it needs before it runs, and who gave it. */
  needsApproval: Type.Boolean(),
  orderedBy: text(256),
  approvedBy: orNull(text(256)),
  ordered: time(),
  changed: time(),
  /** 0 to 1. */
  progress: Type.Number({ minimum: 0, maximum: 1 }),
  /** What it does now, or why it failed and what helps. */
  words: text(2048),
  /** What it brought; fetched in pieces. */
  result: orNull(closed({ name: text(128), type: text(128), bytes: Type.Integer() })),
});
export type TaskReport = Static<typeof TaskSchema>;

const TaskReplySchema = closed({ task: TaskSchema });
const byId = closed({ id: text(36) });

export const taskRoutes = {
  /** Newest first. */
  tasks: get("/v1/tasks", { input: closed({ limit: Type.Integer({ minimum: 1, maximum: 200 }) }), reply: closed({ tasks: Type.Array(TaskSchema) }) }),
  task: get("/v1/task", { input: byId, reply: TaskReplySchema }),
  /** With the same `id` it is the same task, however often it is ordered. */
  orderTask: post("/v1/tasks/order", {
    input: closed({ id: Type.Optional(Type.String({ format: "uuid" })), kind: Type.Enum(TASK_KINDS), target: Type.Optional(text(512)), reason: Type.Optional(text(512)) }),
    reply: TaskReplySchema,
  }),
  approveTask: post("/v1/tasks/approve", { input: byId, reply: TaskReplySchema }),
  cancelTask: post("/v1/tasks/cancel", { input: byId, reply: TaskReplySchema }),
  /** A piece of what it brought, at most 256 KiB, from `offset` on. NOT_FOUND when there is none (any more). */
  taskResult: postForBytes("/v1/tasks/result", { input: closed({ id: text(36), offset: Type.Integer({ minimum: 0 }) }), head: closed({ name: text(128), type: text(128), bytes: Type.Integer() }) }),
} as const;
