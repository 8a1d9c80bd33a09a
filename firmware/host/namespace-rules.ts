// What the rules of the cells' network namespaces are derived from: host writes it down, and a unit in each namespace (weir-rules@) loads it there.

import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { FirewallRequest } from "../conduit/host.ts";
import { namespacesOf } from "../config/namespaces.ts";
import { readIfThere, writeWhole } from "./kept-state.ts";

/** In a namespace that the configuration names no more, nothing passes. */
const CLOSED: FirewallRequest = { segments: [], assets: [] };

/**
 * `NAME.new` for each namespace whose part of the request has changed. The unit takes it away as `NAME.json`, so that it is there exactly while something is to
 * be loaded: what comes in the middle of loading is not overlooked. It holds no rule, only what host itself derives its own rules from; the unit checks it anew.
 */
export function placeNamespaceRules(folder: string, request: FirewallRequest): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const wanted = new Map(namespacesOf(request).map((name) => [name, partFor(name, request)]));
  const former = readdirSync(folder).flatMap((file) => /^([a-z0-9-]+)\.(?:new|json)$/.exec(file)?.[1] ?? []);
  for (const name of former) if (!wanted.has(name)) wanted.set(name, CLOSED);
  for (const [name, part] of wanted) {
    const text = `${JSON.stringify(part)}\n`;
    const placed = readIfThere(join(folder, `${name}.new`)) ?? readIfThere(join(folder, `${name}.json`));
    if (placed !== text) writeWhole(join(folder, `${name}.new`), text, 0o600);
  }
}

/** The ports of the namespace, their segments and their machines: the walls in it are derived from nothing else. */
export function partFor(name: string, { segments, assets, network }: FirewallRequest): FirewallRequest {
  const field = (network?.field ?? []).filter(({ namespace }) => namespace === name);
  const isHere = (segment: string | undefined): boolean => field.some((port) => port.segment === segment);
  return { segments: segments.filter((segment) => isHere(segment.name)), assets: assets.filter(({ segment }) => isHere(segment)), network: { field } };
}
