// `weir discover`: what answers to WS-Discovery on the segments that this host stands in.

import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { Fault } from "../../drivers/contract/fault.ts";
import type { FoundTarget } from "../field/discovery/found-targets.ts";
import type { SegmentDiscovery } from "../field/discovery/segment-discovery.ts";
import type { QName } from "../protocol/ws-discovery/xml.ts";
import { silentLog } from "../runtime/journal.ts";
import { isLinkLocal, listOwnAddresses } from "../runtime/own-addresses.ts";
import type { OwnAddress } from "../runtime/own-addresses.ts";
import { systemClock } from "../runtime/system-clock.ts";
import { writeFound, writeTail } from "./discover-text.ts";
import type { Found } from "./discover-text.ts";
import { writeJson } from "./printable.ts";

interface DiscoverFlags {
  readonly interface?: string;
  readonly timeout: number;
  readonly host: readonly string[];
  readonly json?: boolean;
}

const TYPES: readonly QName[] = [{ namespace: "urn:weir:miko:1", name: "MachineServer" }];
/** A segment is hardly searched again within one call. */
const INTERVAL_MS = 5000;

/** Adds the subcommand. Exit 0 whatever is found, 1 where no segment can be searched, 2 for wrong input. */
export function addDiscover(program: Command): void {
  program
    .command("discover")
    .description("what answers to WS-Discovery on the segments that this host stands in; changes nothing")
    .option("--interface <name>", "search from this network interface only")
    .option("--host <address...>", "ask this host too, which is beyond the segment", [])
    .option("--timeout <duration>", "how long to search: 500ms, 5s, 1min", duration, 5000)
    .option("--json", "print each target as a JSON line")
    .action(discover);
}

async function discover(flags: DiscoverFlags): Promise<void> {
  const sides = chooseSides(listOwnAddresses(), flags.interface);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const searches = await openAll(sides, flags.host);
  await systemClock.sleep(flags.timeout, stop.signal).catch(() => undefined);
  try {
    const found = await Promise.all(searches.map((search) => describeAll(search, stop.signal)));
    for (const one of found.flat()) process.stdout.write(flags.json === true ? `${writeJson(one, 0)}\n` : writeFound(one));
    process.stderr.write(writeTail(found.flat().length, searches.map(({ discovery }) => discovery.figures()), [...sides.keys()]));
  } finally {
    await Promise.all(searches.map(({ discovery }) => discovery.close()));
  }
}

interface Search {
  readonly name: string;
  readonly subnets: readonly string[];
  readonly discovery: SegmentDiscovery;
}

async function openAll(sides: ReadonlyMap<string, readonly OwnAddress[]>, hosts: readonly string[]): Promise<readonly Search[]> {
  const { openSegmentDiscovery } = await import("../field/discovery/segment-discovery.ts");
  const { ownSide } = await import("../field/discovery/own-side.ts");
  return Promise.all(
    [...sides].map(async ([name, all]): Promise<Search> => {
      const subnets = all.filter((own) => !isLinkLocal(own)).map(({ subnet }) => subnet);
      const own = ownSide(all, subnets);
      const options = { own, subnets, hosts, probePort: 0, types: TYPES, intervalMs: INTERVAL_MS, clock: systemClock, log: silentLog, onChange: () => undefined };
      return { name, subnets, discovery: await openSegmentDiscovery(options) };
    }),
  );
}

async function describeAll({ name, subnets, discovery }: Search, signal: AbortSignal): Promise<readonly Found[]> {
  const { fetchMetadata, metadataUrl } = await import("../field/discovery/fetch-metadata.ts");
  return Promise.all(
    [...discovery.found.all()].map(async (target: FoundTarget): Promise<Found> => {
      const { address, endpoint, types, scopes, xaddrs, versions } = target;
      const isDevice = types.some((type) => type.name === "Device") && metadataUrl(target, subnets) !== undefined;
      const metadata = isDevice ? await fetchMetadata(target, subnets, systemClock, signal).catch(() => undefined) : undefined;
      return { interface: name, address, endpoint, types, scopes, xaddrs, versions, ...(metadata === undefined ? {} : { metadata }) };
    }),
  );
}

/** All interfaces that lead somewhere, or the one that is named, by name. */
function chooseSides(all: readonly OwnAddress[], only: string | undefined): ReadonlyMap<string, readonly OwnAddress[]> {
  const chosen = all.filter((own) => (only === undefined ? !own.isLoopback : own.interface === only));
  const sides = Map.groupBy(chosen, (own) => own.interface);
  for (const [name, addresses] of sides) if (addresses.every(isLinkLocal)) sides.delete(name);
  if (sides.size > 0) return sides;
  const names = [...new Set(all.map((own) => own.interface))].join(", ");
  if (only !== undefined) throw new Fault("INPUT_INVALID", `there is no interface "${only}" with an address`, { where: "--interface", remedy: `Interfaces with an address: ${names}.` });
  throw new Fault("PEER_UNREACHABLE", "this host has no address in a network", { where: "weir discover", remedy: "Connect a network port, or name an interface with --interface." });
}

function duration(text: string): number {
  const match = /^(\d+)(ms|s|min)$/.exec(text);
  const value = match === null ? Number.NaN : Number(match[1]) * { ms: 1, s: 1000, min: 60_000 }[match[2] as "ms" | "s" | "min"];
  if (!(value >= 100 && value <= 600_000)) throw new InvalidArgumentError("Give a time from 100ms to 10min, such as 5s.");
  return value;
}
