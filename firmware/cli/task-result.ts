// Fetches what a task brought into a new file, and waits for a task that has not ended.

import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { basename } from "node:path";
import { Fault } from "../../drivers/contract/fault.ts";
import type { localConduit } from "../conduit/local.ts";
import type { TaskReport } from "../conduit/tasks.ts";
import type { ConduitClient } from "../runtime/conduit-client.ts";
import { systemClock } from "../runtime/system-clock.ts";
import { refuseFile } from "./new-file.ts";
import { printable } from "./printable.ts";

type Client = ConduitClient<typeof localConduit>;

const LOOK_MS = 250;
const OPEN_STATES: ReadonlySet<TaskReport["state"]> = new Set(["ordered", "approved", "waiting", "running"]);

/** Resolves with the file's name when it is on the disk. Throws NOT_FOUND where there is no result, INPUT_INVALID where the file is there or cannot be written; then nothing is left of it. */
export async function fetchResult(client: Client, { id, state, words, result }: TaskReport, out: string | undefined, signal: AbortSignal): Promise<string> {
  if (result === null) throw new Fault("NOT_FOUND", `the task has no result: it is ${state}. ${words}`, { where: id });
  // Its name comes from the gateway: it stays in this folder.
  const file = out ?? basename(result.name).replaceAll(/[^A-Za-z0-9._-]/g, "_").replace(/^\.+/, "_");
  const descriptor = openNew(file);
  try {
    for (let offset = 0; offset < result.bytes; ) {
      const { body } = await client.call("taskResult", { id, offset }, signal);
      if (body.length === 0) throw new Fault("NOT_FOUND", "the result ended before its end", { where: id });
      writeAll(descriptor, body);
      offset += body.length;
    }
    fsyncSync(descriptor);
  } catch (error) {
    rmSync(file, { force: true });
    throw error instanceof Fault ? error : refuseFile(file, error);
  } finally {
    closeSync(descriptor);
  }
  return file;
}

function openNew(file: string): number {
  try {
    return openSync(file, "wx", 0o600);
  } catch (error) {
    throw refuseFile(file, error);
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}

/** Until the task has ended. What it does is shown on a terminal, and where there is none once for each new state. */
export async function waitForEnd(client: Client, id: string, screen: NodeJS.WriteStream, signal: AbortSignal): Promise<TaskReport> {
  let shown = "";
  const wasLong = { length: 0 };
  for (;;) {
    const { task } = await client.call("task", { id }, signal);
    const line = screen.isTTY ? `${String(Math.round(task.progress * 100)).padStart(3)} %  ${task.state}  ${printable(task.words)}`.slice(0, Math.max(20, screen.columns - 1)) : `${task.state}: ${printable(task.words)}`;
    if (line !== shown) screen.write(screen.isTTY ? `\r${line.padEnd(wasLong.length)}` : `${line}\n`);
    wasLong.length = line.length;
    shown = line;
    if (!OPEN_STATES.has(task.state)) {
      if (screen.isTTY) screen.write("\n");
      return task;
    }
    await systemClock.sleep(LOOK_MS, signal);
  }
}
