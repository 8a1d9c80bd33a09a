// `weir task`: what takes time or somebody's consent: ordering it, giving consent, looking, cancelling, fetching what it brought.

import type { Command } from "commander";
import type { TaskKind, TaskReport } from "../conduit/tasks.ts";
import { Fault } from "../../drivers/contract/fault.ts";
import { readKey, writeJson } from "./printable.ts";

const MOST_LISTED = 200;
const DATA_OPTION = ["--data <dir>", "the gateway's data directory", "./.weir"] as const;
const JSON_OPTION = ["--json", "print it as JSON"] as const;

interface TaskOptions {
  readonly data: string;
  readonly json?: true;
}

interface OrderOptions extends TaskOptions {
  readonly reason?: string;
  readonly id?: string;
}

export function addTask(program: Command): void {
  const task = program.command("task").description("what takes time or somebody's consent: its order, its state, its result");
  task
    .command("list", { isDefault: true })
    .description("the newest tasks, the newest first")
    .option("--limit <count>", `so many at most, up to ${MOST_LISTED}`, "20")
    .option(...DATA_OPTION)
    .option(...JSON_OPTION)
    .action(async ({ limit, data, json }: TaskOptions & { readonly limit: string }) => {
      const { askRunningCore } = await import("./ask-core.ts");
      const { tasks } = await askRunningCore(data, (client, signal) => client.call("tasks", { limit: readLimit(limit) }, signal));
      const { writeTaskLines } = await import("./task-text.ts");
      process.stdout.write(json === true ? `${writeJson({ tasks })}\n` : writeTaskLines(tasks));
    });
  addOne(task, "show", "one task with all that is known of it", "task");
  addOne(task, "approve", "gives the consent that it waits for", "approveTask");
  addOne(task, "cancel", "it is wanted no more; what it has begun ends", "cancelTask");
  addOrder(task);
  addResult(task);
}

function addOrder(task: Command): void {
  task
    .command("order")
    .description("orders a task: asset-snapshot NAME, or gateway-snapshot")
    .argument("<kind>", "asset-snapshot or gateway-snapshot")
    .argument("[name]", "the machine's key in `weir assets`")
    .option("--reason <words>", "why, for whoever reads it later")
    .option("--id <uuid>", "an id of your own: ordered again with it, it is the same task")
    .option(...DATA_OPTION)
    .option(...JSON_OPTION)
    .action(async (kind: string, name: string | undefined, { reason, id, data, json }: OrderOptions) => {
      const order = { kind: readKind(kind), ...(name === undefined ? {} : { target: readKey(name) }), ...(reason === undefined ? {} : { reason }), ...(id === undefined ? {} : { id }) };
      const { askRunningCore } = await import("./ask-core.ts");
      await print((await askRunningCore(data, (client, signal) => client.call("orderTask", order, signal))).task, json);
    });
}

function addResult(task: Command): void {
  task
    .command("result")
    .description("fetches what it brought into a file")
    .argument("<id>", "the task's id")
    .option("--out <file>", "the file, which must not be there yet; named by the gateway where not given")
    .option(...DATA_OPTION)
    .action(async (id: string, { out, data }: { readonly out?: string; readonly data: string }) => {
      const { askRunningCore, LONG_ANSWER_MS } = await import("./ask-core.ts");
      const { fetchResult } = await import("./task-result.ts");
      const file = await askRunningCore(data, async (client, signal) => fetchResult(client, (await client.call("task", { id }, signal)).task, out, signal), LONG_ANSWER_MS);
      process.stdout.write(`${file}\n`);
    });
}

function addOne(task: Command, name: string, description: string, operation: "task" | "approveTask" | "cancelTask"): void {
  task
    .command(name)
    .description(description)
    .argument("<id>", "the task's id")
    .option(...DATA_OPTION)
    .option(...JSON_OPTION)
    .action(async (id: string, { data, json }: TaskOptions) => {
      const { askRunningCore } = await import("./ask-core.ts");
      await print((await askRunningCore(data, (client, signal) => client.call(operation, { id }, signal))).task, json);
    });
}

async function print(task: TaskReport, json: true | undefined): Promise<void> {
  const { writeTask } = await import("./task-text.ts");
  process.stdout.write(json === true ? `${writeJson(task)}\n` : writeTask(task));
}

function readLimit(text: string): number {
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MOST_LISTED) throw new Fault("INPUT_INVALID", `${JSON.stringify(text)} is no number from 1 to ${MOST_LISTED}`, { where: "--limit" });
  return limit;
}

function readKind(text: string): TaskKind {
  if (text === "asset-snapshot" || text === "gateway-snapshot") return text;
  throw new Fault("INPUT_INVALID", `there is no task ${JSON.stringify(text)}`, { remedy: "There are asset-snapshot and gateway-snapshot." });
}
