// The verbs of the firewall: the rules are derived here from a checked description, so that core can ask for no rule of its own making.

import { join } from "node:path";
import { Compile } from "typebox/compile";
import { Fault } from "../../drivers/contract/fault.ts";
import { FirewallRequestSchema } from "../conduit/host.ts";
import type { FirewallRequest } from "../conduit/host.ts";
import { namespacesOf } from "../config/namespaces.ts";
import type { Observation } from "../conduit/observation.ts";
import { renderCloudRefresh, sortCloudAddresses } from "../protocol/firewall/cloud-set.ts";
import type { CloudAddress } from "../protocol/firewall/cloud-set.ts";
import { deriveWalls } from "../protocol/firewall/derive-flows.ts";
import type { FirewallInput } from "../protocol/firewall/input.ts";
import { renderRuleset } from "../protocol/firewall/ruleset.ts";
import { deriveLimits } from "../protocol/firewall/zone-limits.ts";
import type { ZoneContext } from "../runtime/service.ts";
import type { HostSystem } from "./host-system.ts";
import { keepState } from "./kept-state.ts";
import { placeNamespaceRules } from "./namespace-rules.ts";
import { openObserver } from "./observe.ts";
import { readCommand, runCommand } from "./run-command.ts";
import { openTrial } from "./trial.ts";
import type { Trial } from "./trial.ts";
import type { Limits, UnitLimits } from "./unit-limits.ts";

export interface Firewall {
  readonly trial: Trial<FirewallRequest>;
  /** Returns the addresses that were not admitted. */
  admitCloud(addresses: readonly CloudAddress[]): Promise<readonly string[]>;
  /** What the kernel has counted and remembered under the rules that are installed. */
  observe(): Promise<Observation>;
}

/** Nothing passes: what holds before the first configuration. */
const CLOSED: FirewallRequest = { segments: [], assets: [] };

/** The size of the rules' sets. */
const MAX_KNOWN = 4096;

/** What nft may print of one set: 4,096 elements have some 700 KB. */
const MAX_OBSERVED_BYTES = 2_097_152;

export async function openFirewall(context: ZoneContext, system: HostSystem, limits: UnitLimits): Promise<Firewall> {
  const { clock, dataDir } = context;
  const log = context.log.child("firewall");
  const known = new Map<string, { readonly one: CloudAddress; readonly endMs: number }>();
  const check = Compile(FirewallRequestSchema);
  const render = (request: FirewallRequest): string => renderRuleset(deriveWalls(toInput(request)), { cloudAddresses: stillKnown(request), ...(system.userIds === undefined ? {} : { userIds: system.userIds }) });
  // A new ruleset begins with the addresses that are known, so that it cuts no uplink; each is judged again by the new configuration.
  const stillKnown = (request: FirewallRequest): CloudAddress[] => {
    const left = [...known.values()].map(({ one, endMs }) => ({ ...one, lifeSeconds: Math.floor((endMs - clock.uptimeMs()) / 1000) })).filter(({ lifeSeconds }) => lifeSeconds > 0);
    return [...sortCloudAddresses(left, toInput(request)).accepted];
  };
  const follow = (request: FirewallRequest): void => {
    limits.set(limitsOf(request));
    placeNamespaceRules(join(dataDir, "rules"), request);
  };
  const trial = await openTrial<FirewallRequest>({
    clock,
    log,
    trialMs: system.trialMs,
    initial: CLOSED,
    kept: keepState(dataDir, "firewall", (value) => check.Parse(value)),
    check: (request) => runCommand(system.nft, ["-c", "-f", "-"], render(request)),
    install: async (request) => {
      await runCommand(system.nft, ["-f", "-"], render(request));
      follow(request);
    },
  });
  // The rules outlived the former process of host; whether the units and the other namespaces follow them is looked at again.
  if (trial.standing().installed !== null) follow(trial.installed);
  return {
    trial,
    admitCloud: async (addresses) => {
      const { accepted, refused } = sortCloudAddresses(addresses, toInput(trial.installed));
      forget(known, clock.uptimeMs());
      if (known.size + accepted.length > MAX_KNOWN) throw new Fault("PEER_LIMIT", `more than ${MAX_KNOWN} addresses stand for cloud names`, { where: "firewall" });
      if (accepted.length > 0) await runCommand(system.nft, ["-f", "-"], renderCloudRefresh(accepted));
      for (const one of accepted) known.set(`${one.address} ${one.port}`, { one, endMs: clock.uptimeMs() + one.lifeSeconds * 1000 });
      return refused.map(({ address }) => address);
    },
    observe: watch(system, trial),
  };
}

/** The rules of another network namespace are loaded by a unit in it (namespace-rules.ts); what its zone may bind and reach is held to here all the same. */
function limitsOf(request: FirewallRequest): Limits {
  const input = toInput(request);
  const others = namespacesOf(input).map((name) => {
    // systemd knows interfaces of the gateway's own namespace only; in another one there are the zone's and no others.
    const { ports, addresses = [] } = deriveLimits(deriveWalls(input, name)).field;
    return [`field@${name}`, { ports, interfaces: [], addresses }] as const;
  });
  return { ...deriveLimits(deriveWalls(input)), ...Object.fromEntries(others) };
}

function watch(system: HostSystem, trial: Trial<FirewallRequest>): Firewall["observe"] {
  const observer = openObserver((args) => readCommand(system.nft, args, "", MAX_OBSERVED_BYTES));
  let watched = { request: CLOSED, walls: deriveWalls(toInput(CLOSED)) };
  return () => {
    const { installed } = trial;
    if (watched.request !== installed) watched = { request: installed, walls: deriveWalls(toInput(installed)) };
    return observer.observe(watched.walls);
  };
}

/** The schema's optional members are absent or present, as the firewall's input wants them; TypeScript sees `undefined` as a third case. */
function toInput(request: FirewallRequest): FirewallInput {
  return request;
}

function forget(known: Map<string, { readonly endMs: number }>, nowMs: number): void {
  for (const [key, { endMs }] of known) if (endMs <= nowMs) known.delete(key);
}
