// Starts the zone host on a system of its own and speaks to it: as core does, and as somebody who keeps to no contract.

import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { openHostLink, type HostLink } from "../../../firmware/core/host/host-link.ts";
import type { AuditEvent } from "../../../firmware/core/audit/audit.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { startChild, type Child } from "../../support/child.ts";
import type { Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

const fixture = fileURLToPath(new URL("fixture-host.ts", import.meta.url));

/** A folder with a sysfs of one USB device and a `date` that only notes how it was called. */
export function makeSystem(defer: Defer): string {
  const dir = makeTempDir(defer);
  const device = join(dir, "sys/bus/usb/devices/1-1.4");
  mkdirSync(device, { recursive: true });
  writeFileSync(join(device, "authorized"), "1");
  writeFileSync(join(dir, "sys/bus/usb/outside"), "untouched");
  writeFileSync(join(dir, "calls"), "");
  writeFileSync(join(dir, "date"), `#!/bin/sh\necho date "$@" >> ${dir}/calls\n`);
  chmodSync(join(dir, "date"), 0o755);
  return dir;
}

let namespaces = 0;

/** A network namespace of this test's own. */
export function makeNamespace(defer: Defer): string {
  namespaces += 1;
  const name = `weir-host-${process.pid}-${namespaces}`;
  execFileSync("ip", ["netns", "add", name]);
  defer(() => void execFileSync("ip", ["netns", "del", name]));
  return name;
}

/** `namespace` is the network namespace whose rules it may change. Resolves when it serves. */
export async function startHost(defer: Defer, signal: AbortSignal, dir: string, namespace: string, trialMs = 60_000): Promise<Child> {
  const child = startChild(defer, "ip", ["netns", "exec", namespace, process.execPath, fixture, dir, String(trialMs)], { env: { NODE_COMPILE_CACHE: join(dir, "cache") } });
  for (;;) {
    signal.throwIfAborted();
    const { status } = await ask(dir, "GET", "/v1/standing").catch(() => ({ status: 0 }));
    if (status === 200) return child;
    await systemClock.sleep(30, signal);
  }
}

export interface Link {
  readonly link: HostLink;
  readonly audit: AuditEvent[];
}

export function openLink(defer: Defer, dir: string): Link {
  const audit: AuditEvent[] = [];
  const link = openHostLink({ socket: socketOf(dir), clock: systemClock, epoch: randomUUID(), log: silentLog, trail: { record: (event) => void audit.push(event) } });
  defer(() => link.close());
  return { link, audit };
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A request as its bytes are, past every check of our own client. */
export function ask(dir: string, method: string, path: string, body = "", more: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const headers = { ...(body === "" ? {} : { "content-type": "application/json" }), ...more };
  const call = request({ socketPath: socketOf(dir), method, path, headers, agent: false }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
  });
  // A body that is too large is answered before it was read; the answer may be lost with the connection.
  call.on("error", (error: NodeJS.ErrnoException) => (error.code === "EPIPE" || error.code === "ECONNRESET" ? resolve({ status: 400, text: "cut off" }) : reject(error)));
  call.end(body);
  return promise;
}

function socketOf(dir: string): string {
  return join(dir, "data/run/host.sock");
}
