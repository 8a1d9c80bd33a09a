// Floods from one machine of a segment at a booted appliance, and what they do to the readings of all other machines.

import { join } from "node:path";
import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { parseLine, textLines, type LedgerLine } from "../../firmware/simulator/ledger-lines.ts";
import { startChild } from "../support/child.ts";
import type { TestContext } from "../support/suite.ts";
import { buildTown, type Town } from "../walls/town.ts";
import { compile } from "./compile.ts";
import { MACHINES, RESOLV_CONF, startNeighbourhood, type Neighbourhood } from "./neighbourhood.ts";
import { confirmWalls, startAppliance, type Appliance } from "./start-appliance.ts";

/** A machine of cell-a that nobody reads. */
const SOURCE = "192.168.10.22";
const GATEWAY = "192.168.10.1";

/** In the words of flood.c; port 0: every port in turn. */
export const FLOODS = {
  "WS-Discovery to the group": { kind: "udp", destination: "239.255.255.250", port: 3702 },
  "WS-Discovery to the gateway": { kind: "udp", destination: GATEWAY, port: 3702 },
  "MQTT connects": { kind: "syn", destination: GATEWAY, port: 1883 },
  "SYNs to every port": { kind: "syn", destination: GATEWAY, port: 0 },
} as const;
export type FloodName = keyof typeof FLOODS;
export const FLOOD_NAMES = Object.keys(FLOODS) as readonly FloodName[];

export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface FloodResult extends Window {
  /** Packets that left the flooding machine. */
  readonly sent: number;
  /** Packets that the gateway cut off before any process. */
  readonly dropped: number;
}

export interface FloodOptions {
  readonly names: readonly FloodName[];
  readonly seconds: number;
  /** Packets per second of each flood. */
  readonly rate: number;
}

/** All floods at once; resolves when they are over. */
export async function flood({ defer, signal }: TestContext, { town, appliance }: FloodedSite, { names, seconds, rate }: FloodOptions): Promise<FloodResult> {
  const before = countDropped(appliance);
  const fromMs = systemClock.now();
  const program = compile(defer, "flood");
  const senders = names.map((name) => {
    const { kind, destination, port } = FLOODS[name];
    return startChild(defer, "ip", ["netns", "exec", town.namespace("cell-a"), program, kind, SOURCE, destination, String(port), String(rate), String(seconds)]);
  });
  const sent = await Promise.all(senders.map(async (sender) => Number((await sender.line(/^sent (\d+)$/m, signal))[1])));
  const toMs = systemClock.now();
  return { fromMs, toMs, sent: sent.reduce((sum, count) => sum + count, 0), dropped: countDropped(appliance) - before };
}

function countDropped(appliance: Appliance): number {
  const counters = appliance.counters();
  return ["flooded", "denied", "spoofed"].reduce((sum, verdict) => sum + (counters[`${verdict}_from_segment_cell_a`] ?? 0), 0);
}

export interface Flow {
  /** Readings that machines made within the window. */
  readonly made: number;
  /** Of these, what the cloud had before the window's end. */
  readonly arrived: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

interface Reading {
  readonly machine: string;
  readonly madeMs: number;
  readonly receivedMs: number | undefined;
}

/** From the ledgers, once they are complete. Points that machines give out only when asked are left out: they are old when they are asked for. */
export function readJourneys(folder: string, machines: readonly string[]): readonly Reading[] {
  const received = new Map<string, number>();
  for (const text of textLines(join(folder, "cloud.ndjson"))) {
    const { asset, point, sourceTime, receivedMicros } = parseLine(text) as LedgerLine & { readonly receivedMicros?: number };
    if (sourceTime !== undefined && sourceTime !== null && receivedMicros !== undefined) received.set(`${asset} ${String(point)} ${sourceTime}`, receivedMicros / 1000);
  }
  return machines.flatMap((machine) => [...textLines(join(folder, `${machine}.ndjson`))].map(parseLine).flatMap(({ asset, point, sourceTime, read }) => {
    if (read === true || sourceTime === undefined || sourceTime === null) return [];
    return [{ machine, madeMs: Date.parse(sourceTime), receivedMs: received.get(`${asset} ${String(point)} ${sourceTime}`) }];
  }));
}

/** Of one machine, or of all. */
export function flowWithin(journeys: readonly Reading[], { fromMs, toMs }: Window, machine?: string): Flow {
  const made = journeys.filter((one) => one.madeMs >= fromMs && one.madeMs < toMs && (machine === undefined || one.machine === machine));
  const took = made.flatMap(({ madeMs, receivedMs }) => (receivedMs === undefined ? [] : [receivedMs - madeMs])).toSorted((a, b) => a - b);
  const quantile = (share: number): number => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN;
  return { made: made.length, arrived: made.filter(({ receivedMs }) => receivedMs !== undefined && receivedMs < toMs).length, p50Ms: quantile(0.5), p99Ms: quantile(0.99), maxMs: took.at(-1) ?? Number.NaN };
}

export interface FloodedSite {
  readonly town: Town;
  readonly neighbours: Neighbourhood;
  readonly appliance: Appliance;
}

/** A booted appliance whose machines are all connected and whose uplink stands. The zone field takes what the walls let through to the ports of MQTT ingest. */
export async function startFloodedSite(context: TestContext, rate: number): Promise<FloodedSite> {
  const town = buildTown(context.defer);
  town.run("cell-a", "ip", ["route", "add", "239.0.0.0/8", "dev", "eth0"]);
  const neighbours = await startNeighbourhood(context, town, { rate });
  const appliance = await startAppliance(context, town, { configuration: neighbours.configuration, files: { "etc/resolv.conf": RESOLV_CONF } });
  await confirmWalls(appliance, context.signal);
  neighbours.introduce(appliance);
  await appliance.until("the ingest endpoint is open", ({ conditions }) => conditions.every(({ code }) => code !== "INGEST_CLOSED") && conditions.some(({ code }) => code === "INGEST_PLAIN"));
  await appliance.until("every machine is connected", ({ assets }) => Object.values(assets).filter(({ link }) => link === "connected").length === MACHINES.length);
  await appliance.until("the uplink stands", ({ cloud }) => cloud.state === "connected");
  return { town, neighbours, appliance };
}
