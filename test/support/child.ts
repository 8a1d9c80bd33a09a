// Real programs as peers of a test: started, waited for by what they print, and gone when the test is.

import { spawn, type ChildProcess } from "node:child_process";

import type { Defer } from "./attempt.ts";
import { findExecutable } from "./needs.ts";

export interface ChildOptions {
  readonly cwd?: string;
  /** Added to the environment of the test. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  /** Resolves when it has ended and its output is complete; never rejects. */
  readonly exited: Promise<Exit>;
  /** All it printed so far, standard output and standard error together, in the order of arrival. */
  output(): string;
  /** Resolves with the first match in what it printed or will print; rejects with its output when it ends or the signal aborts before. */
  line(pattern: RegExp, signal: AbortSignal): Promise<RegExpMatchArray>;
  /** Sends a signal to this process only; does nothing when it has ended. */
  kill(signal: NodeJS.Signals): void;
  /** Writes to its standard input, and closes it when told so. */
  write(text: string, options?: { readonly end?: boolean }): void;
}

const stopMs = 3000;

/** Starts a program (found as needs.ts finds it). At the test's end it gets SIGTERM, and SIGKILL 3 s later. Throws when it cannot be started. */
export function startChild(defer: Defer, command: string, args: readonly string[], options: ChildOptions = {}): Child {
  const program = findExecutable(command) ?? command;
  const child = spawn(program, args, { ...(options.cwd === undefined ? {} : { cwd: options.cwd }), env: { ...process.env, ...options.env } });
  if (child.pid === undefined) {
    child.on("error", () => undefined);
    throw new Error(`cannot start ${command}: not found or not executable. Declare it in \`needs\``);
  }
  child.stdin.on("error", () => undefined);
  const output = collectOutput(child);
  const exited = new Promise<Exit>((resolve) => child.on("close", (code, signal) => resolve({ code, signal })));
  defer(async () => stop(child, exited));
  return {
    pid: child.pid,
    exited,
    output: output.text,
    line: (pattern, signal) => waitFor(pattern, output, exited, signal),
    kill: (signal) => void (isRunning(child) && child.kill(signal)),
    write: (text, { end = false } = {}) => void (end ? child.stdin.end(text) : child.stdin.write(text)),
  };
}

interface Output {
  text(): string;
  /** Calls back at each arrival until the returned function is called. */
  watch(callback: () => void): () => void;
}

function collectOutput(child: ChildProcess): Output {
  const watchers = new Set<() => void>();
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8");
    stream?.on("data", (chunk: string) => {
      text += chunk;
      for (const watcher of watchers) watcher();
    });
  }
  return {
    text: () => text,
    watch: (callback) => {
      watchers.add(callback);
      return () => void watchers.delete(callback);
    },
  };
}

async function waitFor(pattern: RegExp, output: Output, exited: Promise<Exit>, signal: AbortSignal): Promise<RegExpMatchArray> {
  const { promise, resolve, reject } = Promise.withResolvers<RegExpMatchArray>();
  const check = (): void => {
    const match = output.text().match(pattern);
    if (match !== null) resolve(match);
  };
  const fail = (why: string): void => reject(new Error(`${why} before it printed ${String(pattern)}; it printed:\n${output.text()}`));
  const stopWatching = output.watch(check);
  const abort = (): void => fail("the test's time was over");
  signal.addEventListener("abort", abort, { once: true });
  check();
  if (signal.aborted) abort();
  void exited.then(({ code, signal: by }) => fail(`the program ended (${by ?? `code ${code}`})`));
  try {
    return await promise;
  } finally {
    stopWatching();
    signal.removeEventListener("abort", abort);
  }
}

async function stop(child: ChildProcess, exited: Promise<Exit>): Promise<void> {
  if (isRunning(child)) child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopMs);
  // A grandchild may hold the pipes open; it is not ours to wait for.
  child.once("exit", () => void setTimeout(() => destroyPipes(child), 500).unref());
  if (!isRunning(child)) destroyPipes(child);
  await exited;
  clearTimeout(timer);
}

function destroyPipes(child: ChildProcess): void {
  child.stdin?.destroy();
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
