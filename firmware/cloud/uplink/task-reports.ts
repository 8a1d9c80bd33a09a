// Tells the cloud how tasks go: each new state until the broker has confirmed it.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { Connection } from "./connection.ts";
import { tellDocument, type DocumentPorts } from "./documents.ts";
import { taskTopic } from "./payload.ts";

const WAIT_MS = 30_000;

/** Until the signal aborts, the connection is lost, or the broker refuses: then the next connection goes on. Throws what core refuses. */
export async function reportTasks(connection: Connection, { core, gateway, log }: Pick<DocumentPorts, "core" | "gateway" | "log">, signal: AbortSignal): Promise<void> {
  let after = 0;
  while (!signal.aborted) {
    const { revision, tasks } = await core.call("tasks", { after, waitMs: WAIT_MS }, signal).catch((error: unknown) => {
      if (signal.aborted) return { revision: after, tasks: [] };
      throw error;
    });
    for (const { id, change, text } of tasks) {
      const topic = taskTopic(gateway, id);
      const answer = await connection.publish(topic, Buffer.from(text));
      if (answer.kind === "lost") return;
      if (answer.kind === "refused") {
        log.warn({ topic, reason: answer.reason }, "the broker does not take the progress of a task");
        return tellDocument(core, "task", new Fault("PEER_LIMIT", `the broker refuses it: ${answer.reason}`), signal);
      }
      await core.call("taskTold", { id, change }, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
    if (tasks.length > 0) await tellDocument(core, "task", undefined, signal);
    // There may be more.
    after = tasks.length > 0 ? 0 : revision;
  }
}
