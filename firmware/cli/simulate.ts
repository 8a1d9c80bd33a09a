// `weir simulate`: simulated machines and a simulated cloud, until they are interrupted.

import { readFileSync, writeFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { systemClock } from "../runtime/system-clock.ts";
import { CLOUD_DEFAULTS, MACHINE_DEFAULTS } from "../simulator/defaults.ts";
import type { DiscoveryTargets } from "../simulator/discovery-targets.ts";
import type { Machines } from "../simulator/machines.ts";

interface MachineFlags {
  readonly count: number;
  readonly first: number;
  readonly rate: number;
  readonly seed: number;
  readonly host: string;
  readonly port: number;
  readonly eventsPerMinute: number;
  readonly payloadBytes: number;
  readonly keep: number;
  readonly window: number;
  readonly clockOffset: number;
  readonly ledger?: string;
  readonly writeConfig?: string;
  readonly discoverable?: boolean;
  readonly report?: number;
}

interface CloudFlags {
  readonly host: string;
  readonly port: number;
  readonly broker?: string;
  readonly clientId: string;
  readonly filter?: string[];
  readonly ledger?: string;
  readonly tlsKey?: string;
  readonly tlsCertificate?: string;
  readonly tlsClientCa?: string;
  readonly report?: number;
}

/** Adds the subcommand with its own subcommands `machine` and `cloud`. */
export function addSimulate(program: Command): void {
  const simulate = program.command("simulate").description("simulated machines or a simulated cloud, for trying and testing");
  addMachine(simulate);
  addCloud(simulate);
}

function addMachine(simulate: Command): void {
  simulate
    .command("machine")
    .description("wire-processing machines that speak the reference profile; prints one JSON line for each when it is ready")
    .option("--count <n>", "how many", whole, 1)
    .option("--first <n>", "index of the first, which makes the serial number", whole, 0)
    .option("--rate <n>", "readings per second of each; max: as many as are acknowledged", rate, MACHINE_DEFAULTS.rate)
    .option("--events-per-minute <n>", "events per minute of each", positive, MACHINE_DEFAULTS.eventsPerMinute)
    .option("--payload-bytes <n>", "size that payloads are filled up to", whole, MACHINE_DEFAULTS.payloadBytes)
    .option("--seed <n>", "the same seed gives the same values", whole, MACHINE_DEFAULTS.seed)
    .option("--host <address>", "address to listen on", MACHINE_DEFAULTS.host)
    .option("--port <base>", "first port, two for each machine; 0: any free ones", whole, MACHINE_DEFAULTS.port)
    .option("--keep <n>", "messages a machine keeps while nobody takes them", whole, MACHINE_DEFAULTS.keep)
    .option("--window <n>", "messages in flight at most", whole, MACHINE_DEFAULTS.window)
    .option("--clock-offset <duration>", "how far the machines' clocks are off: 90s, -365d, …", offset, 0)
    .option("--ledger <file>", "write down what was acknowledged")
    .option("--write-config <file>", "write the section `assets` of a configuration")
    .option("--discoverable", "announce them and answer probes by WS-Discovery on the network of --host")
    .option("--report <ms>", "print figures as a JSON line in this interval", whole)
    .action(simulateMachines);
}

function addCloud(simulate: Command): void {
  simulate
    .command("cloud")
    .description("a local broker (MQTT 3.1.1) with a collector that checks streams, or the collector behind a foreign broker")
    .option("--host <address>", "address to listen on", CLOUD_DEFAULTS.host)
    .option("--port <port>", "port to listen on; 0: any free one", whole, CLOUD_DEFAULTS.port)
    .option("--broker <url>", "collect at this broker (mqtt://host:port) instead of an own one")
    .option("--client-id <id>", "client id at that broker", CLOUD_DEFAULTS.clientId)
    .option("--filter <topic...>", "topic filters at that broker")
    .option("--ledger <file>", "write down what was received")
    .option("--tls-key <file>", "serve TLS with this key (PEM)")
    .option("--tls-certificate <file>", "and this certificate (PEM)")
    .option("--tls-client-ca <file>", "and demand a client certificate of this CA (PEM)")
    .option("--report <ms>", "print figures as a JSON line in this interval", whole)
    .action(simulateCloud);
}

async function simulateMachines(flags: MachineFlags): Promise<void> {
  const { startMachines } = await import("../simulator/machines.ts");
  const clock = { ...systemClock, now: () => systemClock.now() + flags.clockOffset };
  const machines = await startMachines(flags, clock);
  if (flags.writeConfig !== undefined) writeFileSync(flags.writeConfig, await assetsSection(machines));
  const targets = flags.discoverable === true ? await announce(machines, flags.host) : undefined;
  for (const { serial, asset, url, publishUrl } of machines.all) print({ machine: serial, asset, url, publish: publishUrl });
  // SIGUSR1 would start Node's inspector; SIGUSR2 is free.
  process.on("SIGUSR2", () => {
    machines.pause();
    print({ paused: machines.figures() });
  });
  await untilInterrupted(flags.report, () => machines.figures());
  await targets?.close();
  await machines.close();
  print({ ended: machines.figures() });
}

/** Where they cannot be announced, none of them runs. */
async function announce(machines: Machines, host: string): Promise<DiscoveryTargets> {
  const { announceMachines } = await import("../simulator/discovery-targets.ts");
  try {
    return await announceMachines(machines.all, host, systemClock);
  } catch (error) {
    await machines.close();
    throw error;
  }
}

/** The section `assets` of a configuration that reads these machines. */
async function assetsSection(machines: Machines): Promise<string> {
  const { stringify } = await import("yaml");
  return stringify({ assets: machines.all.map(({ serial, url }) => ({ name: serial, miko: { url } })) });
}

async function simulateCloud(flags: CloudFlags): Promise<void> {
  const { startCloud } = await import("../simulator/cloud.ts");
  const tls = readTls(flags);
  const stop = new AbortController();
  const stopEarly = (): void => stop.abort();
  process.once("SIGTERM", stopEarly).once("SIGINT", stopEarly);
  const cloud = await startCloud({ ...flags, filters: flags.filter ?? CLOUD_DEFAULTS.filters, ...(tls === undefined ? {} : { tls }) }, systemClock, stop.signal);
  print({ cloud: cloud.url });
  if (!stop.signal.aborted) await untilInterrupted(flags.report, () => cloud.figures());
  await cloud.close();
  print({ ended: cloud.figures() });
}

function readTls({ tlsKey, tlsCertificate, tlsClientCa }: CloudFlags): { key: string; certificate: string; clientCa?: string } | undefined {
  if (tlsKey === undefined || tlsCertificate === undefined) return undefined;
  const read = (file: string): string => readFileSync(file, "utf8");
  return { key: read(tlsKey), certificate: read(tlsCertificate), ...(tlsClientCa === undefined ? {} : { clientCa: read(tlsClientCa) }) };
}

async function untilInterrupted(reportMs: number | undefined, figures: () => object): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  process.once("SIGTERM", () => resolve()).once("SIGINT", () => resolve());
  const { every } = await import("../simulator/machines.ts");
  // Nothing else may hold the process while it waits for its signal.
  const stop = every(systemClock, reportMs ?? 60_000, () => {
    if (reportMs === undefined) return;
    const { user, system } = process.cpuUsage();
    print({ figures: figures(), atMs: systemClock.now(), cpuMs: Math.round((user + system) / 1000) });
  });
  await promise;
  stop();
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("Give a whole number of at least 0.");
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (text === "" || !Number.isFinite(value) || value < 0) throw new InvalidArgumentError("Give a number of at least 0.");
  return value;
}

/** Milliseconds, negative for a clock that is behind. */
function offset(text: string): number {
  const match = /^([+-]?)(\d+)(ms|s|min|h|d)$/.exec(text);
  if (match === null) throw new InvalidArgumentError("Give a number with ms, s, min, h or d, with a minus for a clock that is behind.");
  const unit = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }[match[3] as "ms" | "s" | "min" | "h" | "d"];
  return (match[1] === "-" ? -1 : 1) * Number(match[2]) * unit;
}

function rate(text: string): number {
  return text === "max" ? Number.POSITIVE_INFINITY : positive(text);
}
