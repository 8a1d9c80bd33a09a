// Runs inside a unit that has exactly a zone's walls: makes every attempt it is told of and writes what came of each to standard output.
// `node attempts.ts ORDERS.json`

import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { chmodSync, closeSync, copyFileSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, statSync, symlinkSync, writeSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { constants } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../firmware/runtime/system-clock.ts";
import type { Act, Attempt, Orders, Outcome } from "./attempt-kinds.ts";

/** How long silence is listened to; what is declared is waited for longer. */
const WAIT_MS = { tcp: 4000, udp: 300, declared: 10_000 };
/** O_RDONLY | O_NONBLOCK: a pipe without a writer holds up nothing. */
const NOT_WAITING = 0o4000;
const [ordersFile = ""] = process.argv.slice(2);
const { attempts, facts } = JSON.parse(readFileSync(ordersFile, "utf8")) as Orders;

type Argument = number | string | Buffer;
const native: { exports: { call?: (name: string, ...args: Argument[]) => number } } = { exports: {} };
process.dlopen(native, join(import.meta.dirname, "syscall.node"));

const filled = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value).replaceAll(/\{([a-z]+(?::[a-z]+)?)\}/g, (_, fact: string) => String(facts[fact]))) as Value;

function errorName(result: number): string {
  return Object.entries(constants.errno).find(([, number]) => number === -result)?.[0] ?? String(result);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : String(error);
}

function systemCall(name: string, args: readonly (number | string | { readonly bytes: number | readonly number[] })[]): string {
  const given = args.map((arg): Argument => {
    if (typeof arg !== "object") return typeof arg === "string" && /^-?\d+$/.test(arg) ? Number(arg) : arg;
    return typeof arg.bytes === "number" ? Buffer.alloc(arg.bytes) : Buffer.from(arg.bytes);
  });
  const result = native.exports.call?.(name, ...given) ?? Number.NaN;
  return result < 0 ? errorName(result) : "done";
}

async function timed(work: (end: (outcome: string) => void) => () => void, waitMs = WAIT_MS.tcp): Promise<string> {
  let close = (): void => undefined;
  const outcome = await new Promise<string>((resolve) => {
    systemClock.after(waitMs, () => resolve("silence"));
    close = work(resolve);
  });
  close();
  return outcome;
}

function reachTcp(address: string, port: number, isDeclared: boolean): Promise<string> {
  return timed((end) => {
    const socket = createConnection({ host: address, port }).on("connect", () => end("reached")).on("error", (error) => end(codeOf(error)));
    return () => socket.destroy();
  }, isDeclared ? WAIT_MS.declared : WAIT_MS.tcp);
}

/** Without a bind of its own, which Node makes and SocketBindDeny= refuses: the call is made as it is. */
function reachUdp(address: string, port: number, isDeclared: boolean): string {
  const isSix = address.includes(":");
  const call = native.exports.call ?? (() => Number.NaN);
  const socket = call("socket", isSix ? 10 : 2, 2, 0);
  if (socket < 0) return errorName(socket);
  const sent = call("sendto", socket, "hello", 5, 0, socketAddress(address, port), isSix ? 28 : 16);
  if (sent < 0) {
    call("close", socket);
    return errorName(sent);
  }
  const answer = waitForDatagram(call, socket, isDeclared ? WAIT_MS.declared : WAIT_MS.udp);
  call("close", socket);
  return answer;
}

/** MSG_DONTWAIT is 64; a short spin, since there is nothing else that this process shall do. */
function waitForDatagram(call: (name: string, ...args: Argument[]) => number, socket: number, waitMs: number): string {
  const until = systemClock.uptimeMs() + waitMs;
  while (systemClock.uptimeMs() < until) {
    const got = call("recvfrom", socket, Buffer.alloc(64), 64, 64, 0, 0);
    if (got >= 0) return "reached";
    if (errorName(got) !== "EAGAIN") return errorName(got);
  }
  return "silence";
}

/** sockaddr_in or sockaddr_in6 (ip(7), ipv6(7)). */
function socketAddress(address: string, port: number): Buffer {
  if (!address.includes(":")) {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt16LE(2, 0);
    bytes.writeUInt16BE(port, 2);
    Buffer.from(address.split(".").map(Number)).copy(bytes, 4);
    return bytes;
  }
  const bytes = Buffer.alloc(28);
  bytes.writeUInt16LE(10, 0);
  bytes.writeUInt16BE(port, 2);
  const [left = [], right = []] = address.split("::").map((half) => half.split(":").filter((group) => group !== ""));
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
  Buffer.from(groups.map((group) => group.padStart(4, "0")).join(""), "hex").copy(bytes, 8);
  return bytes;
}

function bind(protocol: "tcp" | "udp", address: string, port: number): Promise<string> {
  return timed((end) => {
    if (protocol === "tcp") {
      const server = createServer().on("error", (error) => end(codeOf(error)));
      server.listen({ host: address, port }, () => end("bound"));
      return () => void server.close();
    }
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4").on("error", (error) => end(codeOf(error)));
    socket.bind(port, address, () => end("bound"));
    return () => void socket.close();
  });
}

function connectSocket(path: string): Promise<string> {
  return timed((end) => {
    const socket = createConnection({ path }).on("connect", () => end("connected")).on("error", (error) => end(codeOf(error)));
    return () => socket.destroy();
  });
}

/** EPROTOTYPE would be a socket of datagrams that takes them. */
const CLOSED = ["EACCES", "ENOENT", "ECONNREFUSED", "EPERM"];

async function listOpenSockets(allowed: readonly string[]): Promise<string> {
  const open: string[] = [];
  for (const path of findSockets("/run")) if (!allowed.includes(path) && !CLOSED.includes(await connectSocket(path))) open.push(path);
  return open.length === 0 ? "none" : open.join(" ");
}

function findSockets(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isSocket()) return [path];
      return entry.isDirectory() ? findSockets(path) : [];
    });
  } catch {
    return [];
  }
}

function read(path: string): string {
  if (statSync(path).isDirectory()) {
    readdirSync(path);
    return "read";
  }
  const file = openSync(path, NOT_WAITING);
  try {
    readSync(file, Buffer.alloc(1));
    return "read";
  } finally {
    closeSync(file);
  }
}

function plant(folder: string): string {
  const path = join(folder, "planted");
  copyFileSync("/usr/bin/true", path);
  chmodSync(path, 0o755);
  return execute([path]);
}

function plantInMemory(): string {
  const call = native.exports.call ?? (() => Number.NaN);
  // MFD_EXEC is 16 (memfd_create(2)).
  const file = call("memfd_create", "planted", 16);
  if (file < 0) return errorName(file);
  writeSync(file, readFileSync("/usr/bin/true"));
  return execute([`/proc/self/fd/${file}`], file);
}

function execute([program = "", ...args]: readonly string[], inherited?: number): string {
  const stdio: ("ignore" | number)[] = ["ignore", "ignore", "ignore", ...(inherited === undefined ? [] : [inherited])];
  const path = inherited === undefined ? program : "/proc/self/fd/3";
  const { error, status } = spawnSync(path, args, { stdio });
  return error === undefined ? `executed (${status})` : codeOf(error);
}

function loadInto(folder: string): string {
  const path = join(folder, "planted.node");
  copyFileSync(join(import.meta.dirname, "syscall.node"), path);
  process.dlopen({ exports: {} }, path);
  return "loaded";
}

function fill(folder: string, bytes: number): string {
  const block = Buffer.alloc(1_048_576);
  const file = openSync(join(folder, "filled"), "w");
  let written = 0;
  try {
    while (written <= bytes) written += writeSync(file, block);
    return `${written} bytes and more`;
  } catch (error) {
    return codeOf(error) === "ENOSPC" ? "bounded" : codeOf(error);
  } finally {
    native.exports.call?.("ftruncate", file, 0);
    closeSync(file);
  }
}

async function make(act: Act): Promise<string> {
  if ("call" in act) return systemCall(act.call, act.args);
  if ("reach" in act) return act.reach === "tcp" ? await reachTcp(act.address, act.port, act.isDeclared) : reachUdp(act.address, act.port, act.isDeclared);
  if ("bind" in act) return await bind(act.bind, act.address, act.port);
  if ("socket" in act) return await connectSocket(act.socket);
  if ("socketsBut" in act) return await listOpenSockets(act.socketsBut);
  if ("read" in act) return read(act.read);
  if ("write" in act) {
    closeSync(openSync(act.write, "a"));
    return "written";
  }
  if ("make" in act) {
    if (act.make === "folder") mkdirSync(act.path);
    else symlinkSync("/etc/shadow", act.path);
    return "made";
  }
  if ("execute" in act) return execute(act.execute);
  if ("plant" in act) return plant(act.plant);
  if ("plantInMemory" in act) return plantInMemory();
  if ("loadInto" in act) return loadInto(act.loadInto);
  if ("signal" in act) {
    process.kill(Number(act.signal), 0);
    return "signalled";
  }
  if ("fill" in act) return fill(act.fill, act.bytes);
  const others = readdirSync(act.strangersIn).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return others.length === 0 ? "none" : others.join(" ");
}

const isConnecting = ({ act }: Attempt): boolean => "reach" in act && act.reach === "tcp";
const report = async ({ name, act }: Attempt): Promise<void> => {
  const outcome: Outcome = { name, outcome: await make(filled(act)).catch(codeOf) };
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
};
// What waits, at once; then the rest, some of which holds up the loop.
await Promise.all(attempts.filter(isConnecting).map(report));
for (const attempt of attempts) if (!isConnecting(attempt)) await report(attempt);
process.exit(0);
