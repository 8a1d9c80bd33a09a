// `weir simulate`: simulated machines and a simulated cloud, until they are interrupted.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { Fault } from "../../drivers/contract/fault.ts";
import { errorCode } from "../runtime/error-code.ts";
import { systemClock } from "../runtime/system-clock.ts";
import { CLOUD_DEFAULTS, MACHINE_DEFAULTS } from "../simulator/defaults.ts";
import type { DiscoveryTargets } from "../simulator/discovery-targets.ts";
import type { GatewayAccess, PublishOptions } from "../simulator/machine-uplink.ts";
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
  readonly publish: "broker" | "gateway";
  readonly gateway?: string;
  readonly gatewayCa?: string;
  readonly credentials?: string;
  readonly mqtt: "3.1.1" | "5";
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
    .addOption(new Option("--publish <where>", "to a broker of its own, or to the gateway").choices(["broker", "gateway"]).default("broker"))
    .option("--gateway <url>", "with --publish gateway: where the gateway's ingest endpoint listens, mqtts://host:port")
    .option("--gateway-ca <file>", "what the gateway's certificate is checked against (`weir ca export`)")
    .option("--credentials <file>", 'JSON: {"<serial>": {"user", "password"}} or with "certificate" and "key" (PEM), as `weir assets enrol` gives out; may come later')
    .addOption(new Option("--mqtt <version>", "MQTT version to publish to the gateway by").choices(["3.1.1", "5"]).default("3.1.1"))
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
  const { publish: _where, ...rest } = flags;
  const publish = publishTo(flags);
  const machines = await startMachines({ ...rest, ...(publish === undefined ? {} : { publish }) }, clock);
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

function publishTo({ publish, gateway, gatewayCa, credentials, mqtt }: MachineFlags): PublishOptions | undefined {
  if (publish === "broker") return undefined;
  if (gateway === undefined || !/^mqtts?:$/.test(URL.parse(gateway)?.protocol ?? "")) throw new Fault("INPUT_INVALID", "--publish gateway needs the gateway's URL", { where: "--gateway", remedy: "Give one like mqtts://192.0.2.1:8883." });
  if (credentials === undefined) throw new Fault("INPUT_INVALID", "--publish gateway needs what the machines prove themselves by", { where: "--credentials", remedy: "Give a file with what `weir assets enrol` gave out; it may come later." });
  return {
    url: gateway,
    version: mqtt === "5" ? 5 : 4,
    ...(gatewayCa === undefined ? {} : { ca: readNamed("--gateway-ca", gatewayCa) }),
    accessOf: (serial) => readAccess(credentials)[serial],
    onState: (serial, state) => print({ publisher: serial, gateway: state }),
  };
}

/** Read anew for each connection: machines are enrolled while they run. A file that is being written is as one that is not there. */
function readAccess(file: string): Readonly<Record<string, GatewayAccess>> {
  try {
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, GatewayAccess>>) : {};
  } catch {
    return {};
  }
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
  return { key: readNamed("--tls-key", tlsKey), certificate: readNamed("--tls-certificate", tlsCertificate), ...(tlsClientCa === undefined ? {} : { clientCa: readNamed("--tls-client-ca", tlsClientCa) }) };
}

/** Throws INPUT_INVALID that names option and file. */
function readNamed(option: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Fault("INPUT_INVALID", `${option}: the file cannot be read (${errorCode(error) ?? "unknown"})`, { where: file, remedy: "Name a file with PEM text.", cause: error });
  }
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
