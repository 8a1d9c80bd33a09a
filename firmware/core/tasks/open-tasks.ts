// Opens the tasks on state.db and the folder of their results.

import type { Database } from "better-sqlite3";
import { join } from "node:path";
import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Log } from "../../runtime/journal.ts";
import type { AuditTrail } from "../audit/trail.ts";
import { Results } from "./results.ts";
import { TaskRows } from "./task-rows.ts";
import { Tasks } from "./tasks.ts";

export interface OpenTasksParts {
  /** As `prepareTaskSchema` leaves it. */
  readonly database: Database;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly trail: Pick<AuditTrail, "record">;
  readonly time: { nowMs(): number };
  readonly hasCloud: () => boolean;
}

/** Results of tasks that are not known (any more) are deleted. Throws a Fault where the folder cannot be made. */
export function openTasks({ database, dataDir, clock, log, trail, time, hasCloud }: OpenTasksParts): Tasks {
  const rows = new TaskRows(database);
  const holding = rows.load().filter(({ result, state }) => result !== null || state === "running");
  const results = new Results(join(dataDir, "tasks"), new Set(holding.map(({ id }) => id)));
  return new Tasks({ clock, log: log.child("tasks"), trail, rows, results, hasCloud, runningMs: () => time.nowMs() });
}
