// What the zone field reports of machines, for the tests of acceptance.

import type { AssetEntry } from "../../../../firmware/conduit/assets.ts";
import type { FoundReport, PresentReport } from "../../../../firmware/conduit/source.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { nameplateOf, type RunningCore } from "../running-core.ts";

/** Two segments; the zone field searches them. */
export const SEGMENTS = "segments:\n  - { name: cell, subnets: [192.0.2.0/24, 127.0.0.9/32] }\n  - { name: line, subnets: [198.51.100.0/24] }\n";

/** A machine that answers who it is, at 192.0.2.`host`, without TLS. */
export function machine(serial: string, host: number, more: Partial<PresentReport> = {}): PresentReport {
  return {
    kind: "present",
    endpoint: `urn:uuid:${serial}`,
    address: `192.0.2.${host}`,
    types: ["{urn:weir:miko:1}MachineServer"],
    scopes: [],
    metadataVersion: 1,
    driver: "miko",
    url: `http://192.0.2.${host}:8080`,
    nameplate: nameplateOf(serial),
    ...more,
  };
}

export async function report({ source }: RunningCore, signal: AbortSignal, reports: readonly FoundReport[], segment = "cell"): Promise<void> {
  for (let from = 0; from < reports.length; from += 32) await source.call("found", { segment, reports: reports.slice(from, from + 32) }, signal);
}

export async function list({ local }: RunningCore, signal: AbortSignal): Promise<readonly AssetEntry[]> {
  const all: AssetEntry[] = [];
  for (;;) {
    const after = all.at(-1)?.key;
    const { assets, hasMore } = await local.call("assets", { ...(after === undefined ? {} : { after }), limit: 100 }, signal);
    all.push(...assets);
    if (!hasMore) return all;
  }
}

export async function show({ local }: RunningCore, key: string, signal: AbortSignal): Promise<AssetEntry> {
  return (await local.call("asset", { key, limit: 0 }, signal)).asset;
}

/** A person looks, and accepts. */
export async function accept(core: RunningCore, key: string, signal: AbortSignal, name?: string): Promise<AssetEntry> {
  const { seen } = await show(core, key, signal);
  return (await core.local.call("acceptAsset", { key, seen, ...(name === undefined ? {} : { name }) }, signal)).asset;
}

export interface Assigned {
  readonly name: string;
  readonly config: { readonly url: string; readonly tls?: { readonly pin: string } };
}

/** What the zone field is told to read. */
export async function assigned({ source }: RunningCore, signal: AbortSignal): Promise<readonly Assigned[]> {
  const { assignments } = await source.call("assignments", { after: 0, waitMs: 0 }, signal);
  return assignments as readonly (Assigned & (typeof assignments)[number])[];
}

/** Waits for what happens once a second. */
export async function until(condition: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!(await condition())) await systemClock.sleep(50, signal);
}
