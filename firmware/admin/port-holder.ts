// Who listens at a port of this host already, as far as the kernel tells this process: so that people need not search.

import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const LISTENING = "0A";
const MOST_PROCESSES = 4096;

/** `nginx (process 812)`, `a process of user 33`, or undefined where nothing can be known. Never throws. */
export function holderOf(port: number): string | undefined {
  const sockets = ["tcp", "tcp6"].flatMap((table) => listenersIn(readText(`/proc/self/net/${table}`), port));
  if (sockets.length === 0) return undefined;
  const owner = findProcess(new Set(sockets.map(({ inode }) => `socket:[${inode}]`)));
  return owner ?? `a process of user ${sockets[0]?.user ?? "unknown"}`;
}

interface ListeningSocket {
  readonly user: string;
  readonly inode: string;
}

/** Lines of proc_pid_net(5): number, local address and port in hexadecimal, remote, state, queues, timer, retransmissions, user, time-out, inode. */
function listenersIn(table: string, port: number): readonly ListeningSocket[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.split("\n").slice(1).flatMap((line) => {
    const [, local = "", , state, , , , user = "", , inode = ""] = line.trim().split(/\s+/);
    return local.endsWith(suffix) && state === LISTENING ? [{ user, inode }] : [];
  });
}

function findProcess(sockets: ReadonlySet<string>): string | undefined {
  const pids = list("/proc").filter((name) => /^\d+$/.test(name)).slice(0, MOST_PROCESSES);
  const pid = pids.find((one) => list(`/proc/${one}/fd`).some((fd) => sockets.has(readLink(`/proc/${one}/fd/${fd}`))));
  if (pid === undefined) return undefined;
  const name = readText(`/proc/${pid}/comm`).trim();
  return name === "" ? `process ${pid}` : `${name} (process ${pid})`;
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
