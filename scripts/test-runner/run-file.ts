// Runs one test file in a process group of its own and judges its report.

import { spawn, type ChildProcess } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

import { reportVariable, type FileReport } from "../../test/support/report.ts";
import type { FileResult } from "./summary.ts";

const defaultLimitMs = 300_000;
const reportDescriptor = 3;
const running = new Set<ChildProcess>();

/** Runs the file and resolves with its result; never rejects. Its whole process group is dead afterwards. */
export async function runFile(file: string): Promise<FileResult> {
  const startedMs = performance.now();
  const limitMs = readLimit(file);
  const child = spawn(process.execPath, [file], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: { ...process.env, [reportVariable]: String(reportDescriptor) },
  });
  running.add(child);
  const output = collect([child.stdout, child.stderr]);
  const sent = collect([child.stdio[reportDescriptor]]);
  const reasons: string[] = [];
  const limit = setTimeout(() => {
    reasons.push(`killed after its limit of ${limitMs / 1000} s`);
    killGroup(child);
  }, limitMs);
  const exit = await new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (code, signal) => resolve(signal ?? String(code)));
  });
  clearTimeout(limit);
  running.delete(child);
  if (!(await endsByItself(child)) && killGroup(child)) reasons.push("left a process running after its end: stop it in `defer`");
  await Promise.all([output.close(), sent.close()]);
  if (exit !== "0") reasons.push(`ended with ${exit}`);
  return { name: file, ...judge(sent.text(), reasons), elapsedMs: performance.now() - startedMs, reasons, output: output.text() };
}

/** Adds to `reasons` what the report itself shows to be wrong. */
function judge(sent: string, reasons: string[]): Pick<FileResult, "passed" | "failed" | "notRun"> {
  const report = parseReport(sent);
  if (report === undefined) {
    reasons.push("sent no report: it has no suite, or was ended from outside");
    return { passed: 0, failed: 1, notRun: [] };
  }
  const { total, passed, notRun, failures } = report;
  if (total === 0) reasons.push("registered no test");
  const failedTests = total - passed - notRun.length;
  const isSound = failedTests === 0 && failures.length === 0 && reasons.length === 0;
  return { passed, failed: isSound ? 0 : Math.max(1, failedTests), notRun };
}

function parseReport(sent: string): FileReport | undefined {
  try {
    return JSON.parse(sent) as FileReport;
  } catch {
    return undefined;
  }
}

/** `// limit: 300s` within the first ten lines. */
function readLimit(file: string): number {
  const head = readFileSync(file, "utf8").split("\n", 10).join("\n");
  const seconds = /^\/\/ limit: (\d+)s$/m.exec(head)?.[1];
  return seconds === undefined ? defaultLimitMs : Number(seconds) * 1000;
}

/** Ends every test file that runs, for a runner that is itself told to stop. */
export function killRunningFiles(): void {
  for (const child of running) killGroup(child);
}

/** Waits a moment for the file's process group to be gone. */
async function endsByItself(child: ChildProcess): Promise<boolean> {
  for (const waitMs of [0, 50, 150, 300, 500, 1000, 2000]) {
    await sleep(waitMs);
    if (!isGroupAlive(child.pid)) return true;
  }
  return false;
}

/** Dead processes that a careless process 1 never collects still take signals, so the state is read (proc_pid_stat(5)). */
function isGroupAlive(group: number | undefined): boolean {
  return globSync("/proc/[0-9]*/stat").some((path) => {
    const [state, , processGroup] = readIfPresent(path).split(") ").at(-1)?.split(" ") ?? [];
    return Number(processGroup) === group && state !== "Z";
  });
}

function readIfPresent(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Kills whatever of the file's process group still runs; tells whether there was anything. */
function killGroup(child: ChildProcess): boolean {
  if (child.pid === undefined) return false;
  try {
    return process.kill(-child.pid, "SIGKILL");
  } catch {
    return false;
  }
}


interface Collected {
  text(): string;
  /** Resolves when the streams are read to their end, or, where a stranger holds them open, a second later. */
  close(): Promise<void>;
}

function collect(streams: readonly unknown[]): Collected {
  let text = "";
  const readable = streams.filter((stream) => stream instanceof Readable);
  const ended = readable.map((stream) => {
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => void (text += chunk));
    return new Promise<void>((resolve) => void stream.on("close", resolve));
  });
  return {
    text: () => text,
    close: async () => {
      await Promise.race([Promise.all(ended), sleep(1000, undefined, { ref: false })]);
      for (const stream of readable) stream.destroy();
    },
  };
}
