// `weir start --demo`: the gateway between simulated machines and a local cloud, all on loopback and ended together.

import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { asFault, Fault, isFault } from "../../drivers/contract/fault.ts";
import { PAGE_PORT } from "../config/page-section.ts";
import { localConduit } from "../conduit/local.ts";
import { openConduit, type ConduitClient } from "../runtime/conduit-client.ts";
import { conduitSocket } from "../runtime/conduit-path.ts";
import { silentLog } from "../runtime/journal.ts";
import { systemClock } from "../runtime/system-clock.ts";
import { CLOUD_DEFAULTS } from "../simulator/defaults.ts";
import { startCloud, type Cloud } from "../simulator/cloud.ts";
import { admitMachines } from "./demo-admission.ts";
import { freeTcpPort, LOOPBACK_SUBNET, startDemoMachines, type DemoMachines } from "./demo-machines.ts";
import { openDemoScreen, type DemoScreen } from "./demo-screen.ts";
import { followFirst } from "./first-password.ts";
import { runGateway } from "./gateway.ts";

export interface DemoOptions {
  /** A configuration whose settings are taken over, except for assets, networks, cloud and page. `weir.yaml` of the working directory where none is named. */
  readonly configFile?: string;
  /** `.weir/demo` below the working directory where none is named. */
  readonly dataDir?: string;
}

const marker = "demo";
const applianceMarker = "/etc/weir/appliance";
const pollMs = 1000;
const segment = "demo";
const discoveryPort = 3702;

/**
 * Runs until the signal aborts; everything it started is gone then, five seconds later at most. Refuses (CONFIG_INVALID) on an
 * appliance, with a configured cloud, and with a data directory that is not a demonstration's.
 */
export async function runDemo(options: DemoOptions, signal: AbortSignal): Promise<void> {
  const dataDir = resolve(options.dataDir ?? join(".weir", "demo"));
  const settings = demandHarmless(options, dataDir);
  const screen = openDemoScreen(process.stdout);
  screen.note("Simulated machines announce themselves by WS-Discovery on the loopback interface.");
  const manufacturer = manufacturerFor(dataDir);
  const machines = await startDemoMachines(manufacturer, (serial, state) => showConnection(screen, serial, state, signal), signal);
  let cloud: Cloud | undefined;
  try {
    cloud = await startCloud(CLOUD_DEFAULTS, systemClock, signal);
    const configFile = join(dataDir, "weir.yaml");
    // Other gateways of this computer may have the usual one.
    const page = { port: await freeTcpPort(PAGE_PORT).catch(() => freeTcpPort()) };
    writeFileSync(configFile, stringify({ gateway: { id: "demo", name: "Demonstration" }, ...settings, page, ...demoConfiguration(manufacturer, machines, cloud) }));
    await showGateway({ dataDir, configFile, machines, cloud, screen }, signal);
  } finally {
    await Promise.all([machines.close(), cloud?.close()]);
  }
}

/** Before it is enrolled the gateway tells where a machine stands; afterwards its own connection. */
function showConnection(screen: DemoScreen, serial: string, state: string, signal: AbortSignal): void {
  if (signal.aborted || state === "not enrolled") return;
  screen.machine(serial, state === "connected" ? "publishing" : state.includes("refuses") ? state : "connecting");
}

/** The settings to take over. Makes the data directory with its marker when nothing speaks against it. */
function demandHarmless(options: DemoOptions, dataDir: string): object {
  const refuse = (message: string, where: string, remedy: string): never => {
    throw new Fault("CONFIG_INVALID", message, { where, remedy });
  };
  if (existsSync(applianceMarker)) refuse("the demonstration does not run on an appliance.", applianceMarker, "Run it on another computer.");
  const configFile = resolve(options.configFile ?? "weir.yaml");
  const settings = existsSync(configFile) ? readSettings(configFile) : {};
  if (options.configFile !== undefined && !existsSync(configFile)) refuse("there is no such file.", configFile, "Name another one, or none.");
  if ("cloud" in settings) refuse("a cloud is configured, and simulated readings must never get there.", configFile, "Run the demonstration in another folder, or without this configuration.");
  const isForeign = existsSync(dataDir) && readdirSync(dataDir).length > 0 && !existsSync(join(dataDir, marker));
  if (isForeign) refuse("the data directory is not a demonstration's.", dataDir, "Name another one with --data, or none.");
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeFileSync(join(dataDir, marker), "This folder belongs to `weir start --demo` and can be deleted.\n");
  return settings;
}

function readSettings(file: string): object {
  try {
    const parsed: unknown = parse(readFileSync(file, "utf8"));
    return typeof parsed === "object" && parsed !== null ? parsed : {};
  } catch (error) {
    throw new Fault("CONFIG_INVALID", "the configuration cannot be read.", { where: file, remedy: `\`weir check --config ${file}\` says where.`, cause: error });
  }
}

/** Demonstrations share the loopback of a computer and find each other's machines: each accepts its own alone, today and tomorrow. */
function manufacturerFor(dataDir: string): string {
  return `Weir Simulation ${createHash("sha256").update(dataDir).digest("hex").slice(0, 6)}`;
}

function demoConfiguration(manufacturer: string, { all, notFound, ports }: DemoMachines, cloud: Cloud): object {
  const isFound = notFound === undefined;
  return {
    segments: [{ name: segment, subnets: [LOOPBACK_SUBNET] }],
    network: { field: [{ segment, interface: "lo", ingestTls: ports.ingest, ...(isFound ? { probePort: ports.probe } : {}) }] },
    acceptance: isFound ? [{ segment, withoutCertificate: true, manufacturer }] : [],
    assets: isFound ? [] : all.map(({ serial, url }) => ({ name: serial, segment, miko: { url } })),
    cloud: { url: cloud.url, mqttVersion: "3.1.1" },
  };
}

interface Demo {
  readonly dataDir: string;
  readonly configFile: string;
  readonly machines: DemoMachines;
  readonly cloud: Cloud;
  readonly screen: DemoScreen;
}

async function showGateway(demo: Demo, signal: AbortSignal): Promise<void> {
  const logFile = join(demo.dataDir, "log", "gateway.log");
  const { machines, screen } = demo;
  screen.introduce([
    ...machines.all.map(({ serial, url }) => `machine ${serial}   ${url}`),
    `gateway         mqtts://127.0.0.1:${machines.ports.ingest}, where the machines publish once they are found, accepted and enrolled`,
    `cloud           ${demo.cloud.url}`,
    `data            ${demo.dataDir}`,
    `log             ${logFile}`,
    ...(machines.notFound === undefined ? [] : [`The machines are configured, since none can be found on this computer by WS-Discovery (port ${discoveryPort}/udp): ${machines.notFound.message}.`]),
    "Ctrl-C ends everything.",
  ]);
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const watching = watchGateway(demo, either).catch((error: unknown) => {
    if (!isFault(error, "CANCELLED")) screen.note(String(asFault(error)));
  });
  try {
    await runGateway({ dataDir: demo.dataDir, configFile: demo.configFile, logFile, onChange: screen.zones }, signal);
  } catch (error) {
    screen.note(`The gateway could not run; ${logFile} says why.`);
    throw error;
  } finally {
    over.abort();
    await watching;
    screen.close();
  }
}

async function watchGateway(demo: Demo, signal: AbortSignal): Promise<void> {
  const client = openConduit(localConduit, { socket: conduitSocket(demo.dataDir, "local"), clock: systemClock, epoch: randomUUID(), log: silentLog });
  try {
    await Promise.all([watchReadings(client, demo, signal), followFirst(client, systemClock, demo.screen.page, signal), admitMachines(client, demo.machines, demo.screen.machine, signal)]);
  } finally {
    await client.close();
  }
}

async function watchReadings(client: ConduitClient<typeof localConduit>, { machines, cloud, screen }: Demo, signal: AbortSignal): Promise<void> {
  for (let after = 0; !signal.aborted; ) {
    const { revision, values } = await client.call("values", { after, waitMs: 10_000 }, signal);
    const { outbox } = await client.call("status", {}, signal);
    after = revision;
    screen.show({ values, acknowledged: machines.figures().acknowledged, queued: outbox.queued, dropped: outbox.dropped, cloud: cloud.figures() });
    await systemClock.sleep(pollMs, signal);
  }
}
