// From two successive observations of refused packets to findings: who is new or goes on, and what it is that he does. Pure.

import type { ObservedSide, ObservedTarget, Observation } from "../../conduit/observation.ts";
import type { Finding, KindName } from "./finding.ts";

/** So many distinct targets of one source within the kernel's ten minutes are no mistake any more. */
export const SCAN_TARGETS = 15;

/** A source that waits for one more observation, so that a scan is not told twice: first as its beginning. */
interface Remembered {
  readonly packets: number;
  readonly waiting: number;
}

type Refused = ObservedSide["refused"][number];

/** What is remembered from one observation to the next; as bounded as the observation. */
export interface RefusalMemory {
  readonly sources: ReadonlyMap<string, ReadonlyMap<string, Remembered>>;
  readonly totals: ReadonlyMap<string, number>;
}

export const NOTHING_YET: RefusalMemory = { sources: new Map(), totals: new Map() };

/**
 * Counts that fell began again with new rules. In the first observation of a core everything is new: so nothing is missed that happened while core
 * did not run; what was told before is known by who keeps the findings.
 */
export function findRefusals(before: RefusalMemory, { sides, zones }: Observation): { readonly memory: RefusalMemory; readonly findings: readonly Finding[] } {
  const sources = new Map<string, ReadonlyMap<string, Remembered>>();
  const totals = new Map<string, number>();
  const findings: Finding[] = [];
  const grown = (key: string, packets: number): number => {
    totals.set(key, packets);
    return growth(before.totals.get(key), packets);
  };
  for (const side of sides) {
    const found: Finding[] = [];
    for (const refused of side.refused) {
      const key = `${side.side} ${refused.verdict}`;
      const sum = grown(key, refused.packets);
      const step = stepSources(before.sources.get(key) ?? new Map(), refused, side);
      sources.set(key, step.remembered);
      if (!refused.isCrowded) found.push(...step.findings);
      else if (sum > 0) found.push({ kind: "too-many-sources", side: side.side, source: refused.verdict, count: sum, detail: `at least ${refused.sources.length} sources` });
    }
    findings.push(...withoutScannersFloods(found));
  }
  for (const { zone, packets, targets } of zones) {
    const count = grown(`of ${zone}`, packets);
    // `other` is the kernel itself and what stands outside the zones: its own answers are refused too.
    if (count > 0 && zone !== "other") findings.push({ kind: "zone-outwards", side: "gateway", source: zone, count, detail: describeTargets(targets) });
  }
  return { memory: { sources, totals }, findings };
}

function stepSources(before: ReadonlyMap<string, Remembered>, refused: Refused, side: ObservedSide): { readonly remembered: ReadonlyMap<string, Remembered>; readonly findings: readonly Finding[] } {
  const remembered = new Map<string, Remembered>();
  const findings: Finding[] = [];
  const targets = Map.groupBy(refused.targets, ({ source }) => source);
  for (const { address, packets } of refused.sources) {
    const last = before.get(address);
    const count = growth(last?.packets, packets) + (last?.waiting ?? 0);
    const mayTell = last !== undefined;
    remembered.set(address, { packets, waiting: mayTell ? 0 : count });
    if (mayTell && count > 0) findings.push(describe(side, refused.verdict, address, count, targets.get(address) ?? []));
  }
  return { remembered, findings };
}

function describe(side: ObservedSide, verdict: Refused["verdict"], source: string, count: number, targets: readonly ObservedTarget[]): Finding {
  return { kind: nameKind(side, verdict, targets), side: side.side, source, count, detail: describeTargets(targets) };
}

function nameKind({ side, discoveryPorts }: ObservedSide, verdict: Refused["verdict"], targets: readonly ObservedTarget[]): KindName {
  if (verdict === "flooded") return "flood";
  if (verdict === "spoofed") return targets.some(({ protocol, port }) => protocol === "udp" && discoveryPorts.includes(port)) ? "discovery-forged" : "false-source";
  if (targets.length >= SCAN_TARGETS) return "scan";
  return verdict === "forwarded" && side.startsWith("segment:") ? "calls-outwards" : "denied";
}

/** Who scans quickly exceeds the rate of new connections too: that is one thing, not two. */
function withoutScannersFloods(found: readonly Finding[]): readonly Finding[] {
  const scanners = new Set(found.filter(({ kind }) => kind === "scan").map(({ source }) => source));
  return found.filter(({ kind, source }) => kind !== "flood" || !scanners.has(source));
}

const MOST_DESCRIBED = 5;

function describeTargets(targets: readonly { readonly destination: string; readonly protocol: string; readonly port: number }[]): string {
  const words = targets.slice(0, MOST_DESCRIBED).map(({ destination, protocol, port }) => (protocol === "tcp" || protocol === "udp" ? `${protocol} ${destination} port ${port}` : `${protocol} ${destination}`));
  const rest = targets.length - words.length;
  return `${words.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/** What was counted since then. */
export function growth(before: number | undefined, now: number): number {
  return before === undefined || now < before ? now : now - before;
}
