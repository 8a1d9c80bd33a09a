// A real core in this process, on real files, with real clients on its conduits.

import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type pino from "pino";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { core } from "../../../firmware/core/main.ts";
import { cloudConduit } from "../../../firmware/conduit/cloud.ts";
import { localConduit } from "../../../firmware/conduit/local.ts";
import type { Status } from "../../../firmware/conduit/status.ts";
import { sourceConduit } from "../../../firmware/conduit/source.ts";
import { openConduit } from "../../../firmware/runtime/conduit-client.ts";
import type { ConduitClient } from "../../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../../firmware/runtime/conduit-path.ts";
import { openJournal, silentLog } from "../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import type { PointSpec } from "../../../drivers/contract/driver.ts";
import { listPoints } from "../../../firmware/field/acquisition/point-list.ts";
import type { Nameplate } from "../../../drivers/contract/identity.ts";
import { assetIdOf } from "../../../drivers/contract/identity.ts";
import type { Reading } from "../../../drivers/contract/reading.ts";
import type { Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

export interface RunningCore {
  readonly dataDir: string;
  readonly configFile: string;
  readonly source: ConduitClient<typeof sourceConduit>;
  readonly cloud: ConduitClient<typeof cloudConduit>;
  readonly local: ConduitClient<typeof localConduit>;
  /** What core has logged so far, whatever the level that it was told. */
  log(): string;
  /** The levels that it was told to log at, in their order. */
  readonly levels: readonly string[];
  /** Stops it as SIGTERM does; resolves with the milliseconds that took. */
  stop(): Promise<number>;
}

export interface StartOptions {
  readonly dataDir?: string;
  /** Epoch of the source's and cloud's clients: the same one again is a zone that outlived core. */
  readonly epoch?: string;
  /** Core's clock, where it is to be another one than the system's. */
  readonly clock?: Clock;
}

/** Runs core with this configuration (undefined: no file) until the test ends or `stop`. */
export async function startCore(defer: Defer, configuration: string | undefined, { dataDir = makeTempDir(defer), epoch = randomUUID(), clock = systemClock }: StartOptions = {}): Promise<RunningCore> {
  mkdirSync(dataDir, { recursive: true });
  const configFile = join(dataDir, "weir.yaml");
  if (configuration !== undefined) writeFileSync(configFile, configuration);
  const lines: string[] = [];
  const levels: string[] = [];
  const log = openJournal({ scope: "core", level: "debug", destination: { write: (line) => void lines.push(line) } satisfies pino.DestinationStream });
  const stopping = new AbortController();
  const { promise: isReady, resolve: ready } = Promise.withResolvers<void>();
  const ended = core.run({ clock, log, setLogLevel: (level) => void levels.push(level), dataDir, configFile, epoch: randomUUID(), ready }, stopping.signal);
  const clients: { close(): Promise<void> }[] = [];
  const stop = async (): Promise<number> => {
    const startedMs = systemClock.uptimeMs();
    stopping.abort();
    await ended;
    const tookMs = systemClock.uptimeMs() - startedMs;
    for (const client of clients) await client.close();
    return tookMs;
  };
  defer(stop);
  await Promise.race([isReady, ended]);
  const open = <C extends Parameters<typeof openConduit>[0]>(contract: C, name: string): ConduitClient<C> => {
    const client = openConduit(contract, { socket: conduitSocket(dataDir, name), clock: systemClock, epoch, log: silentLog });
    clients.push(client);
    return client;
  };
  return { dataDir, configFile, source: open(sourceConduit, "source-field"), cloud: open(cloudConduit, "cloud"), local: open(localConduit, "local"), log: () => lines.join(""), levels, stop };
}

/** One section of `assets:` per name; a name with a secret gets credentials from it. */
export function configure(assets: Readonly<Record<string, string | undefined>>, more = ""): string {
  const pin = "ab".repeat(32);
  const sections = Object.entries(assets).map(([name, secret]) => {
    const credentials = secret === undefined ? "" : `\n      credentials: { user: weir, password: { secret: ${secret} } }`;
    return `  - name: ${name}\n    miko:\n      url: https://127.0.0.9:9/${name}\n      tls: { pin: ${pin} }${credentials}\n`;
  });
  return `${more}\nassets:${sections.length === 0 ? " []" : `\n${sections.join("")}`}`;
}

export const CLOUD_SECTION = "cloud:\n  url: mqtts://192.0.2.1:8883\n  user: gw\n  password: { secret: cloud-password }\n";

export function nameplateOf(serialNumber: string): Nameplate {
  return { manufacturer: "Weir", model: "Press", serialNumber };
}

export function assetOf(serialNumber: string): string {
  return assetIdOf(nameplateOf(serialNumber));
}

const POINT: PointSpec = { id: "count", name: "Count", dataType: "number", access: "read" };

/** As a zone does it: what is behind the assignment, and its points where core wants them. Resolves with what is accepted. */
export async function identify({ source }: Pick<RunningCore, "source">, assignment: string, serialNumber: string, signal: AbortSignal, points: readonly PointSpec[] = [POINT]): Promise<readonly string[]> {
  const list = listPoints(assetOf(serialNumber), points);
  const { accepted, wanted } = await source.call("identify", { assignment, address: "https://192.0.2.7", assets: [{ nameplate: nameplateOf(serialNumber), points: list.digest }] }, signal);
  if (wanted.length > 0) for (const page of list.pages) await source.call("points", { assignment, asset: list.asset, list: list.digest, ...page }, signal);
  return accepted;
}

let counter = 0;

/** A sample with a value of its own. */
export function sampleOf(asset: string, point = "count"): Reading {
  counter += 1;
  const time = new Date(Date.UTC(2026, 0, 1) + counter).toISOString();
  return { asset, point, value: counter, quality: "good", sourceTime: time, gatewayTime: time };
}

export async function readStatus({ local }: RunningCore, signal: AbortSignal): Promise<Status> {
  return local.call("status", {}, signal);
}

/** Codes and subjects of what stands. */
export async function standing(running: RunningCore, signal: AbortSignal): Promise<readonly string[]> {
  return (await readStatus(running, signal)).conditions.map(({ code, subject }) => `${code} ${subject}`);
}
