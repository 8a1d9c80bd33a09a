// A program that a soak or a bench runs: what it prints as JSON lines, what it costs, and its end.

import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { systemClock } from "../../firmware/runtime/system-clock.ts";

export interface Program {
  readonly pid: number;
  /** Resolves when it is gone; never rejects. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** The newest JSON line with this member; undefined where none came yet. */
  newest(member: string): unknown;
  /** The next JSON line with this member, one that came already counts when `isOldFine`. Rejects when the program ends before. */
  next(member: string, isOldFine?: boolean): Promise<unknown>;
  /** All JSON lines with this member so far. */
  all(member: string): readonly unknown[];
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL ten seconds later; resolves when it is gone. */
  stop(): Promise<void>;
}

export interface ProgramOptions {
  /** Takes standard error, and standard output too where `isLogOnly`. Appended to. */
  readonly logFile: string;
  readonly isLogOnly?: boolean;
}

const keptLines = 4096;

export function startProgram(command: string, args: readonly string[], options: ProgramOptions): Program {
  const log = openSync(options.logFile, "a");
  const child = spawn(command, args, { stdio: ["ignore", options.isLogOnly === true ? log : "pipe", log] });
  closeSync(log);
  const lines: Record<string, unknown>[] = [];
  const watchers = new Set<() => void>();
  if (child.stdout !== null) {
    createInterface(child.stdout).on("line", (text) => {
      const parsed = parseObject(text);
      if (parsed === undefined) return;
      if (lines.push(parsed) > keptLines) lines.shift();
      for (const watcher of watchers) watcher();
    });
  }
  let isGone = false;
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once("error", () => resolve(127));
    child.once("exit", (code, signal) => resolve(signal ?? code ?? 0));
  }).finally(() => void (isGone = true));
  const newest = (member: string): unknown => lines.findLast((line) => member in line)?.[member];
  return {
    pid: child.pid ?? 0,
    exited,
    newest,
    all: (member) => lines.filter((line) => member in line).map((line) => line[member]),
    kill: (signal) => void (!isGone && child.kill(signal)),
    async next(member, isOldFine = false) {
      const old = lines.findLast((line) => member in line);
      if (isOldFine && old !== undefined) return old[member];
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const watcher = (): void => {
        const last = lines.at(-1);
        if (last !== undefined && member in last) resolve(last[member]);
      };
      watchers.add(watcher);
      void exited.then((how) => reject(new Error(`${command} ${args.join(" ")} ended (${how}) before it printed "${member}"; see ${options.logFile}`)));
      return promise.finally(() => watchers.delete(watcher));
    },
    async stop() {
      if (!isGone) child.kill("SIGTERM");
      const cancel = systemClock.after(10_000, () => void child.kill("SIGKILL"));
      await exited;
      cancel();
    },
  };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Pids of the children of a process by the value after `--zone` in their command line. */
export function zonePids(supervisor: number): Map<string, number> {
  const zones = new Map<string, number>();
  for (const pid of readText(`/proc/${supervisor}/task/${supervisor}/children`).split(" ")) {
    if (pid === "") continue;
    const words = readText(`/proc/${pid}/cmdline`).split("\0");
    const name = words[words.indexOf("--zone") + 1];
    // Before the zone's own program runs, the shell that prepares it has the same words.
    if (words.includes("--zone") && name !== undefined && words[0]?.includes("node") === true) zones.set(name, Number(pid));
  }
  return zones;
}

const ticksPerSecond = 100;

/** CPU time of a process so far in milliseconds; 0 when it is gone. */
export function cpuMsOf(pid: number): number {
  const fields = readText(`/proc/${pid}/stat`).replace(/^.*\) /s, "").split(" ");
  return ((Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 1000) / ticksPerSecond;
}

/** Proportional set size in KiB (smaps_rollup); 0 when it is gone. */
export function pssKbOf(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readText(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
