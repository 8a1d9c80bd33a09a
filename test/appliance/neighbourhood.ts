// What stands around the appliance in its town: simulated machines in both segments, a name server and a broker with its collector in the cloud.

import { join } from "node:path";
import { parse, stringify } from "yaml";
import { readFileSync, writeFileSync } from "node:fs";
import { compareLedgers, type Comparison } from "../../firmware/simulator/ledger-compare.ts";
import { startChild, type Child } from "../support/child.ts";
import { until, weir } from "../support/gateway.ts";
import { makePki } from "../support/pki.ts";
import type { TestContext } from "../support/suite.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import type { Place } from "../walls/agent-orders.ts";
import { HOUSES, type Town } from "../walls/town.ts";
import { confirmWalls, startAppliance, type Appliance } from "./start-appliance.ts";

export const NEIGHBOURHOOD_NEEDS = ["mosquitto", "openssl"];

/** Each with a web server at 1882 and a broker of its own at 1883. */
export const MACHINES = [
  { name: "four-a", house: "cell-a", segment: "cell-a", address: "192.168.10.21" },
  { name: "six-a", house: "cell-a", segment: "cell-a", address: "fd00:a::21" },
  { name: "four-b", house: "cell-b", segment: "cell-b", address: "192.168.11.21" },
  { name: "six-b", house: "cell-b", segment: "cell-b", address: "fd00:b::21" },
] as const;
export type MachineName = (typeof MACHINES)[number]["name"];

/** True where a zone itself listens: field at the example's `ingestTls` and `ingestPlain`, admin with the page. The port is taken, and a stranger is answered no byte that an agent knows. */
export function isServed({ address, port, protocol }: Place): boolean {
  const isAt = (house: string): boolean => HOUSES.some(({ name, gateway }) => name === house && gateway.includes(address));
  return protocol === "tcp" && (((port === 8883 || port === 1883) && isAt("cell-a")) || (port === 9797 && isAt("office")));
}

const BROKER = "broker.example.com";
export const RESOLV_CONF = "nameserver 10.40.0.1\n";

export interface Neighbourhood {
  /** docs/topologies/own-ports.yaml with these machines and this cloud. */
  readonly configuration: string;
  readonly machines: Readonly<Record<MachineName, Child>>;
  /** Gives the appliance what it needs to trust the broker. */
  introduce(appliance: Appliance): void;
  /** What each machine wrote down (`NAME.ndjson`) and what the cloud did (`cloud.ndjson`). */
  readonly folder: string;
  /** Ends the load, waits until all is delivered, and compares what machines and cloud wrote down. */
  settle(appliance: Appliance): Promise<Comparison>;
}

export interface NeighbourhoodOptions {
  /** Readings per second of each machine. */
  readonly rate: number;
}

export async function startNeighbourhood(context: TestContext, town: Town, { rate }: NeighbourhoodOptions): Promise<Neighbourhood> {
  const { defer, signal } = context;
  const folder = makeTempDir(defer);
  const inHouse = (house: string, program: string, args: readonly string[]): Child => startChild(defer, "ip", ["netns", "exec", town.namespace(house), program, ...args]);
  const cloud = await startCloud(context, folder, inHouse);
  const started = await Promise.all(MACHINES.map(async ({ name, house, address }, place) => {
    const child = inHouse(house, process.execPath, [weir, "simulate", "machine", "--first", String(place), "--rate", String(rate), "--host", address, "--port", "1882", "--report", "200", "--ledger", join(folder, `${name}.ndjson`)]);
    await child.line(/^\{"machine".*\n/m, signal);
    return [name, child] as const;
  }));
  const machines = Object.fromEntries(started) as Record<MachineName, Child>;
  return {
    configuration: writeConfiguration(),
    machines,
    introduce: (appliance) => void appliance.run("weir", ["secret", "set", "cloud-ca", "--data", "/var/lib/weir"], cloud.ca),
    folder,
    async settle(appliance) {
      for (const child of Object.values(machines)) await pause(child, signal);
      await appliance.until("the outbox is empty", ({ outbox }) => outbox.queued === 0);
      await cloud.finish();
      for (const child of Object.values(machines)) {
        child.kill("SIGTERM");
        await child.exited;
      }
      return compareLedgers(MACHINES.map(({ name }) => join(folder, `${name}.ndjson`)), [join(folder, "cloud.ndjson")]);
    },
  };
}

/** Boots an appliance among them; resolves when its network is confirmed and all machines are connected. */
export async function startAmong(context: TestContext, town: Town, neighbours: Neighbourhood): Promise<Appliance> {
  const appliance = await startAppliance(context, town, { configuration: neighbours.configuration, files: { "etc/resolv.conf": RESOLV_CONF } });
  await confirmWalls(appliance, context.signal);
  neighbours.introduce(appliance);
  await appliance.until("every machine is connected", ({ assets }) => Object.values(assets).filter(({ link }) => link === "connected").length === MACHINES.length);
  return appliance;
}

/** mosquitto with TLS at its public addresses, without at loopback for the collector; and the name server that knows it. */
async function startCloud({ defer, signal }: TestContext, folder: string, inHouse: (house: string, program: string, args: readonly string[]) => Child): Promise<{ readonly ca: string; finish(): Promise<void> }> {
  const pki = makePki(defer);
  const { certificateFile, keyFile } = pki.issue(BROKER, { names: `DNS:${BROKER}` });
  const tls = [`certfile ${certificateFile}`, `keyfile ${keyFile}`];
  const config = join(folder, "mosquitto.conf");
  writeFileSync(config, ["user root", "log_dest stderr", "log_type error", "log_type notice", "log_type information", "max_queued_messages 0", "allow_anonymous true", "listener 1883 127.0.0.1", "listener 8883 9.9.9.9", ...tls, "listener 8883 2a00:40::9", ...tls, ""].join("\n"));
  const broker = inHouse("cloud", "mosquitto", ["-c", config]);
  await broker.line(/running/, signal);
  await inHouse("cloud", process.execPath, [join(import.meta.dirname, "name-server.ts"), "10.40.0.1", `${BROKER}=9.9.9.9`, `${BROKER}=2a00:40::9`]).line(/answering/, signal);
  const collector = inHouse("cloud", process.execPath, [weir, "simulate", "cloud", "--broker", "mqtt://127.0.0.1:1883", "--ledger", join(folder, "cloud.ndjson"), "--report", "200"]);
  await collector.line(/"cloud":/, signal);
  return {
    ca: pki.ca,
    async finish() {
      // Three reports with the same number: nothing is on its way any more.
      const isQuiet = (): boolean => new Set([...collector.output().matchAll(/"messages":(\d+)/g)].slice(-3).map(([, count]) => count)).size === 1;
      const seen = collector.output().length;
      await until("the collector has all", signal, () => collector.output().length > seen + 500 && isQuiet());
      collector.kill("SIGTERM");
      await collector.exited;
    },
  };
}

interface Figures {
  readonly made: number;
  readonly acknowledged: number;
  readonly pending: number;
}

function newest(child: Child): Figures | undefined {
  const [line] = child.output().split("\n").filter((text) => text.startsWith('{"figures":') && text.endsWith("}")).slice(-1);
  return line === undefined ? undefined : (JSON.parse(line) as { readonly figures: Figures }).figures;
}

async function pause(child: Child, signal: AbortSignal): Promise<void> {
  child.kill("SIGUSR2");
  for (let report = 0; report < 2; report += 1) {
    const seen = child.output().length;
    await until("the machine reports", signal, () => child.output().length > seen);
  }
  await until("every reading is acknowledged", signal, () => newest(child)?.pending === 0, 60_000);
}

function writeConfiguration(): string {
  const example = parse(readFileSync(join(import.meta.dirname, "../../docs/topologies/own-ports.yaml"), "utf8")) as object;
  const assets = MACHINES.map(({ name, segment, address }) => ({ name, segment, miko: { url: `http://${address.includes(":") ? `[${address}]` : address}:1882` } }));
  return stringify({ ...example, assets, cloud: { url: `mqtts://${BROKER}:8883`, ca: { secret: "cloud-ca" } } });
}
