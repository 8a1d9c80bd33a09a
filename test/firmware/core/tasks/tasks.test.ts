// Shows that a task is one task by its id, needs its consent, expires by the gateway's running time, and is kept within bounds.

import Database from "better-sqlite3";
import { randomUUID } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Actor } from "../../../../firmware/core/accounts/actor.ts";
import { Results } from "../../../../firmware/core/tasks/results.ts";
import { prepareTaskSchema, TaskRows } from "../../../../firmware/core/tasks/task-rows.ts";
import { MOST_OPEN, MOST_TASKS, Tasks, type TaskOrder } from "../../../../firmware/core/tasks/tasks.ts";
import { silentLog } from "../../../../firmware/runtime/journal.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite, type TestContext } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";

const ANNA: Actor = { name: "anna", zone: "admin", source: "192.0.2.9" };
const BEN: Actor = { name: "ben", zone: "admin", source: null };
const ASSET: TaskOrder = { kind: "asset-snapshot", target: "press", assignment: "press", reason: "noise", needsApproval: false };
const GATEWAY: TaskOrder = { kind: "gateway-snapshot", target: null, assignment: null, reason: "", needsApproval: false };
const HOUR_MS = 3_600_000;

interface Bench {
  readonly tasks: Tasks;
  readonly audit: string[];
  readonly folder: string;
  runningMs: number;
  /** The same files with a core that was started anew. */
  restart(): Tasks;
}

function open({ defer }: Pick<TestContext, "defer">): Bench {
  const database = new Database(":memory:");
  defer(() => void database.close());
  prepareTaskSchema(database);
  const folder = join(makeTempDir(defer), "tasks");
  const audit: string[] = [];
  const start = (): Tasks => {
    const rows = new TaskRows(database);
    return new Tasks({ clock: makeFakeClock(), log: silentLog, trail: { record: ({ actor, action }) => void audit.push(`${typeof actor === "string" ? actor : actor.name} ${action}`) }, rows, results: new Results(folder, new Set(rows.load().map(({ id }) => id))), hasCloud: () => true, runningMs: () => bench.runningMs });
  };
  const bench: Bench = { tasks: start(), audit, folder, runningMs: 5000, restart: start };
  return bench;
}

suite("tasks", (test) => {
  test("the same id is the same task however often it is ordered, and no other", (context) => {
    const { tasks, audit } = open(context);
    const id = randomUUID();
    const first = tasks.order({ ...ASSET, id }, ANNA);
    assert.equal(tasks.order({ ...ASSET, id: id.toUpperCase(), reason: "again" }, BEN), first);
    assert.equal(audit, ["anna task.ordered"]);
    assert.throws(() => tasks.order({ ...GATEWAY, id }, ANNA), "INPUT_INVALID");
    assert.throws(() => tasks.order({ ...ASSET, id: "../../etc/passwd" }, ANNA), "INPUT_INVALID");
  });
  test("U4.10.3a a task that needs consent begins when somebody else has given it", (context) => {
    const { tasks, audit } = open(context);
    const { id } = tasks.order({ ...ASSET, needsApproval: true }, ANNA);
    assert.equal(tasks.open(), []);
    assert.is(tasks.start(id, "epoch", "now"), undefined);
    assert.throws(() => tasks.approve(id, ANNA), "ACCESS_DENIED");
    assert.is(tasks.approve(id, BEN).approvedBy, "ben");
    assert.throws(() => tasks.approve(id, BEN), "INPUT_INVALID");
    assert.is(tasks.start(id, "epoch", "now")?.state, "running");
    assert.equal(audit, ["anna task.ordered", "ben task.approved"]);
  });
  test("it expires by the gateway's running time, with words that say what was missing", (context) => {
    const bench = open(context);
    const { tasks } = bench;
    const waiting = tasks.order(ASSET, ANNA).id;
    const unapproved = tasks.order({ ...ASSET, needsApproval: true }, ANNA).id;
    bench.runningMs += 24 * HOUR_MS - 1;
    tasks.tick(() => false);
    assert.is(tasks.demand(waiting).state, "waiting");
    bench.runningMs += 1;
    tasks.tick(() => false);
    assert.equal([waiting, unapproved].map((id) => [tasks.demand(id).state, tasks.demand(id).words]), [["expired", "It expired: press was not there in time."], ["expired", "It expired: nobody approved it in time."]]);
  });
  test("a task about a machine that is read no more has failed", (context) => {
    const { tasks } = open(context);
    const { id } = tasks.order(ASSET, ANNA);
    tasks.tick((assignment) => assignment === "press");
    assert.is(tasks.demand(id).state, "failed");
  });
  test("what core did when it ended begins anew once, and says so; then it has failed", (context) => {
    const bench = open(context);
    const { id } = bench.tasks.order(GATEWAY, ANNA);
    bench.tasks.start(id, null, "it works");
    const second = bench.restart();
    assert.is(second.demand(id).state, "waiting");
    assert.match(second.demand(id).words, /begins anew: the gateway's core was restarted/);
    second.start(id, null, "it works");
    const third = bench.restart();
    assert.is(third.demand(id).state, "failed");
    assert.match(third.demand(id).words, /cut off 2 times/);
    assert.is(bench.restart().demand(id).state, "failed");
  });
  test("a task that has ended is cancelled by nobody, and what has not by anybody who may", (context) => {
    const { tasks } = open(context);
    const { id } = tasks.order(ASSET, ANNA);
    tasks.start(id, "epoch", "now");
    assert.is(tasks.cancel(id, BEN).state, "cancelled");
    assert.throws(() => tasks.cancel(id, BEN), "INPUT_INVALID");
    tasks.finish(id, { name: "late", type: "text/plain", bytes: 1 }, "late");
    assert.is(tasks.demand(id).state, "cancelled");
    assert.is(tasks.demand(id).result, null);
  });
  test(`at most ${MOST_OPEN} wait or run, and at most ${MOST_TASKS} are kept, the newest`, (context) => {
    const { tasks } = open(context);
    const [first] = Array.from({ length: MOST_OPEN }, () => tasks.order(ASSET, ANNA).id);
    assert.throws(() => tasks.order(ASSET, ANNA), "PEER_LIMIT");
    for (let count = 0; count < MOST_TASKS; count += 1) {
      tasks.cancel(tasks.open()[1]?.id ?? "", ANNA);
      tasks.order(ASSET, ANNA);
    }
    assert.is(tasks.newest(5000).length, MOST_TASKS);
    assert.is(tasks.demand(first ?? "").state, "waiting");
  });
  test("the cloud is told of each task's present state until it has confirmed it, over restarts too", (context) => {
    const bench = open(context);
    const { id, change } = bench.tasks.order(ASSET, ANNA);
    bench.tasks.cancel(id, ANNA);
    const [untold] = bench.tasks.untold(10);
    assert.is(untold?.state, "cancelled");
    bench.tasks.tell(id, change);
    assert.is(bench.restart().untold(10).length, 1);
    bench.tasks.tell(id, untold?.change ?? 0);
    assert.equal(bench.restart().untold(10), []);
  });
});

suite("tasks, results", (test) => {
  const id = randomUUID();
  test("pieces make a file that is there whole or not at all, and the same piece again is harmless", async ({ defer }) => {
    const folder = join(makeTempDir(defer), "tasks");
    const results = new Results(folder, new Set());
    await results.begin(id);
    await results.add(id, { offset: 0, bytes: Buffer.from("abc") });
    await results.add(id, { offset: 3, bytes: Buffer.from("def") });
    await results.add(id, { offset: 3, bytes: Buffer.from("def") });
    await assert.rejects(results.add(id, { offset: 7, bytes: Buffer.from("x") }), "INPUT_INVALID");
    await assert.rejects(results.read(id, 0), "NOT_FOUND");
    assert.is(await results.finish(id), 6);
    assert.is(await results.finish(id), 6);
    assert.is(Buffer.from(await results.read(id, 2)).toString(), "cdef");
    assert.is((await results.read(id, 6)).length, 0);
  });
  test("it grows to 16 MiB and no further", async ({ defer }) => {
    const results = new Results(join(makeTempDir(defer), "tasks"), new Set());
    await results.begin(id);
    await assert.rejects(results.add(id, { offset: 16 * 1_048_576 - 1, bytes: Buffer.from("ab") }), "PEER_LIMIT");
  });
  test("at the start what belongs to no task is deleted", ({ defer }) => {
    const folder = join(makeTempDir(defer), "tasks");
    const other = randomUUID();
    const open = (known: readonly string[]): Results => new Results(folder, new Set(known));
    open([]);
    for (const name of [`${id}.result`, `${other}.result`, `${other}.part`]) writeFileSync(join(folder, name), "x");
    open([id]);
    assert.equal([`${id}.result`, `${other}.result`, `${other}.part`].map((name) => existsSync(join(folder, name))), [true, false, false]);
  });
});
