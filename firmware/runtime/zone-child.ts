// One zone's process as the supervisor sees it: started, ready, ended.

import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { asFault } from "../../drivers/contract/fault.ts";
import type { Fault } from "../../drivers/contract/fault.ts";

export interface ChildSpec {
  /** The zone's name. */
  readonly name: string;
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]];
  /** Added to this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Looked at before each start: why it cannot be now. */
  readonly obstacle?: () => Fault | undefined;
  /** Looked at before each start: whether the configuration needs it now. One that is not needed ends by itself, with code 0. Always needed unless said. */
  readonly isWanted?: () => boolean;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Where the program could not even be started. */
  readonly fault?: Fault;
}

export interface ZoneChild {
  readonly pid: number | undefined;
  /** Resolves when the zone says that it does its work; stays open for one that never does. */
  readonly ready: Promise<void>;
  /** Calls back whenever the zone says that its event loop turns. */
  onBeat(callback: () => void): void;
  /** Resolves when the process is gone; never rejects. */
  readonly exited: Promise<Exit>;
  /** Does nothing once it is gone. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/** What a zone sends over the channel to its supervisor when it does its work. */
export const READY_MESSAGE = "ready";
/** What it sends from then on, every `BEAT_MS`, as long as its event loop turns. */
export const BEAT_MESSAGE = "alive";
export const BEAT_MS = 5000;

/** A zone's exit code for a configuration that it cannot run with. */
export const CONFIG_EXIT = 2;

/** util-linux's, on every Debian. */
const SETPRIV = "/usr/bin/setpriv";

/** Starts it without core dumps, bound to the life of this process, and with its output where `outputFd` says (1 and 2 unless said). */
export function startZone(spec: ChildSpec, outputFd?: number): ZoneChild {
  const output = outputFd ?? "inherit";
  const [program, ...args] = [...bindingPrefix(), ...spec.command];
  // A session of its own: a signal to the whole group (Ctrl-C, timeout(1), a closed terminal) reaches the supervisor alone, which stops in order.
  const child = spawn(program, args, { detached: true, stdio: ["ignore", output, output, "ipc"], env: { ...process.env, ...spec.env } });
  const ready = new Promise<void>((resolve) => child.on("message", (message) => void (message === READY_MESSAGE && resolve())));
  const exited = new Promise<Exit>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.on("error", (error) => child.pid === undefined && resolve({ code: null, signal: null, fault: asFault(error, spec.name) }));
  });
  const onBeat = (callback: () => void): void => void child.on("message", (message) => void (message === BEAT_MESSAGE && callback()));
  return { pid: child.pid, ready, exited, onBeat, kill: (signal) => void child.kill(signal) };
}

/**
 * What it writes is its user's alone; no core dumps, since they hold secrets. The kernel kills the zone when its supervisor dies (prctl(2) PR_SET_PDEATHSIG), so that
 * one whose event loop is stuck does not live on; without setpriv only the closed channel ends it.
 */
function bindingPrefix(): readonly [string, ...string[]] {
  const closedUp = ["/bin/sh", "-c", 'umask 077; ulimit -c 0; exec "$@"', "sh"] as const;
  return isExecutable(SETPRIV) ? [...closedUp, SETPRIV, "--pdeathsig", "KILL", "--"] : closedUp;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
