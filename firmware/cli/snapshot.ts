// `weir snapshot`: all that a machine, or the gateway, shows of itself now, in a file.

import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { TaskKind } from "../conduit/tasks.ts";
import { readKey } from "./printable.ts";

interface SnapshotOptions {
  readonly data: string;
  readonly out?: string;
  readonly reason?: string;
}

/** A machine that is away is waited for until its task expires, after a day. */
const LIMIT_MS = 25 * 3_600_000;

export function addSnapshot(program: Command): void {
  const snapshot = program.command("snapshot").description("all that a machine, or the gateway, shows of itself now, in a file");
  const add = (command: Command, kind: TaskKind): Command =>
    command
      .option("--out <file>", "the file, which must not be there yet; named by the gateway where not given")
      .option("--reason <words>", "why, for whoever reads it later")
      .option("--data <dir>", "the gateway's data directory", "./.weir")
      .action(async (...words: unknown[]) => {
        const options = words.find((word): word is SnapshotOptions => typeof word === "object" && word !== null && "data" in word);
        const [target] = words;
        if (options !== undefined) await takeSnapshot(kind, typeof target === "string" ? readKey(target) : undefined, options);
      });
  add(snapshot.command("gateway").description("configuration without secrets, conditions, register, versions, journals, network, topology as text and picture: a ZIP file"), "gateway-snapshot");
  add(snapshot.command("asset").description("what one machine is, all its points fresh, its events and its state: a JSON file").argument("<name>", "the machine's key in `weir assets`"), "asset-snapshot");
}

async function takeSnapshot(kind: TaskKind, target: string | undefined, { data, out, reason }: SnapshotOptions): Promise<void> {
  const { askRunningCore } = await import("./ask-core.ts");
  const { fetchResult, waitForEnd } = await import("./task-result.ts");
  const { refuseFile } = await import("./new-file.ts");
  if (out !== undefined && existsSync(out)) throw refuseFile(out, { code: "EEXIST" });
  const work = async (client: Parameters<typeof fetchResult>[0], signal: AbortSignal): Promise<string> => {
    const { task } = await client.call("orderTask", { kind, ...(target === undefined ? {} : { target }), ...(reason === undefined ? {} : { reason }) }, signal);
    process.stderr.write(`task ${task.id}: ended by \`weir task cancel ${task.id}\`\n`);
    const ended = await waitForEnd(client, task.id, process.stderr, signal);
    return fetchResult(client, ended, out, signal);
  };
  process.stdout.write(`${await askRunningCore(data, work, LIMIT_MS)}\n`);
}
