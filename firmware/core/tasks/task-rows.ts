// The table of tasks in state.db.

import type { Database, Statement } from "better-sqlite3";
import type { TaskReport } from "../../conduit/tasks.ts";
import type { Task } from "./task.ts";

type Row = Omit<Task, "needsApproval" | "result"> & { readonly needsApproval: number; readonly result: string | null };

const COLUMNS = ["number", "id", "kind", "target", "assignment", "reason", "state", "needsApproval", "orderedBy", "approvedBy", "ordered", "changed", "progress", "words", "result", "expiresMs", "attempts", "runner", "change", "told"];

/** Makes what is missing; only ever adds. Throws what SQLite throws where a table is not as expected. */
export function prepareTaskSchema(database: Database): void {
  database.exec(`
    CREATE TABLE IF NOT EXISTS tasks (
      number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, target TEXT, assignment TEXT, reason TEXT NOT NULL, state TEXT NOT NULL, needsApproval INTEGER NOT NULL,
      orderedBy TEXT NOT NULL, approvedBy TEXT, ordered TEXT NOT NULL, changed TEXT NOT NULL, progress REAL NOT NULL, words TEXT NOT NULL, result TEXT,
      expiresMs INTEGER NOT NULL, attempts INTEGER NOT NULL, runner TEXT, change INTEGER NOT NULL, told INTEGER NOT NULL) STRICT;
  `);
  database.prepare(`SELECT ${COLUMNS.join(", ")} FROM tasks LIMIT 1`).get();
}

export class TaskRows {
  readonly #load: Statement<[], Row>;
  readonly #store: Statement;
  readonly #remove: Statement<[number]>;

  /** `database` as `prepareTaskSchema` leaves it. */
  constructor(database: Database) {
    this.#load = database.prepare(`SELECT ${COLUMNS.join(", ")} FROM tasks ORDER BY number`);
    this.#store = database.prepare(`INSERT OR REPLACE INTO tasks (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map((column) => `@${column}`).join(", ")})`);
    this.#remove = database.prepare("DELETE FROM tasks WHERE number = ?");
  }

  /** In the order of their numbers. Throws SyntaxError where a row is damaged. */
  load(): readonly Task[] {
    return this.#load.all().map((row) => ({ ...row, needsApproval: row.needsApproval === 1, result: row.result === null ? null : (JSON.parse(row.result) as TaskReport["result"]) }));
  }

  /** Durable when it returns. Throws what SQLite throws. */
  write(task: Task): void {
    this.#store.run({ ...task, needsApproval: task.needsApproval ? 1 : 0, result: task.result === null ? null : JSON.stringify(task.result) });
  }

  remove(task: Task): void {
    this.#remove.run(task.number);
  }
}
