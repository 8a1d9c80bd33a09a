// How long a process waited for a processor that others held: what a test must not blame the product for.

import { readdirSync, readFileSync } from "node:fs";

/** Milliseconds since its start, of the thread that waited longest (proc_pid_schedstat(5)); 0 where the kernel does not count them or the process is gone. */
export function processorWaitMs(pid: number): number {
  try {
    const waits = readdirSync(`/proc/${pid}/task`).map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[1]));
    return Math.max(0, ...waits) / 1e6;
  } catch {
    return 0;
  }
}
