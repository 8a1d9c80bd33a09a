// A real mosquitto as the peer of a test, on a free loopback port, which can be paused, killed and started again.

import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Defer } from "./attempt.ts";
import { startChild, type Child } from "./child.ts";
import { findFreePort } from "./free-port.ts";
import { makeTempDir } from "./temp-dir.ts";

export interface Mosquitto {
  readonly port: number;
  readonly folder: string;
  output(): string;
  pause(): void;
  resume(): void;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM: with `persistence true` it keeps what it has; resolves when it is gone. */
  stop(): Promise<void>;
  /** After `kill` or `stop`, on the same port and with the same files; resolves when it listens. */
  restart(signal: AbortSignal): Promise<void>;
}

export interface MosquittoOptions {
  /** Lines of the listener: certificates, `protocol websockets`, … */
  readonly listener?: readonly string[];
  /** Lines before the listeners; `allow_anonymous true` unless said. */
  readonly global?: readonly string[];
  /** Files to write into its folder first, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Where it keeps its files; a folder of its own unless said. */
  readonly folder?: string;
  /** What it logs; everything unless said, which is much under load. */
  readonly logType?: string;
  /** Further ports without TLS, for a test's own subscriber. */
  readonly plainPorts?: readonly number[];
}

/** Declare `needs: ["mosquitto"]`. It listens when this resolves, and is gone at the test's end. */
export async function startMosquitto(defer: Defer, signal: AbortSignal, options: MosquittoOptions = {}): Promise<Mosquitto> {
  const folder = options.folder ?? makeTempDir(defer);
  const port = await findFreePort();
  for (const [name, text] of Object.entries(options.files ?? {})) writeFileSync(join(folder, name), text, { mode: 0o600 });
  const plain = (options.plainPorts ?? []).flatMap((extra) => [`listener ${extra} 127.0.0.1`]);
  const lines = ["user root", "log_dest stderr", `log_type ${options.logType ?? "all"}`, "max_queued_messages 0", "set_tcp_nodelay true", ...(options.global ?? ["allow_anonymous true"]), ...plain, `listener ${port} 127.0.0.1`, ...(options.listener ?? [])];
  const config = join(folder, "mosquitto.conf");
  writeFileSync(config, `${lines.join("\n")}\n`);
  let child: Child;
  const start = async (until: AbortSignal): Promise<void> => {
    child = startChild(defer, "mosquitto", ["-c", config], { cwd: folder });
    const { exited } = child;
    await Promise.race([untilListening(port, until), exited.then(() => Promise.reject(new Error(`mosquitto does not start:\n${child.output()}`)))]);
  };
  await start(signal);
  // A stopped process does not die of SIGTERM.
  defer(() => child.kill("SIGCONT"));
  return {
    port,
    folder,
    output: () => child.output(),
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    kill: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
    stop: async () => {
      child.kill("SIGTERM");
      await child.exited;
    },
    restart: start,
  };
}

export async function untilListening(port: number, signal: AbortSignal): Promise<void> {
  while (!(await answers(port))) await sleep(10, undefined, { signal });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
