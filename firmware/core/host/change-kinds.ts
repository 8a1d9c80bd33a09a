// The two kinds of change that host takes on trial: what each is made of, and when it can cut nobody off.

import { digestOf } from "../../conduit/digest.ts";
import { FirewallRequestSchema, NetworkRequestSchema } from "../../conduit/host.ts";
import type { FirewallRequest, NetworkPort, NetworkRequest } from "../../conduit/host.ts";
import type { Configuration } from "../../config/schema.ts";
import { deriveWalls } from "../../protocol/firewall/derive-flows.ts";
import { describeFlow } from "../../protocol/firewall/flow-table.ts";
import type { FirewallInput } from "../../protocol/firewall/input.ts";
import type { By } from "../accounts/actor.ts";
import type { Kept } from "../inventory/state-schema.ts";
import { toFirewallRequest } from "./firewall-request.ts";
import type { HostLink, OnTrial } from "./host-link.ts";
import { toNetworkRequest } from "./network-request.ts";
import { rememberChange } from "./remembered-change.ts";
import type { RememberedChange } from "./remembered-change.ts";

export type KindName = "network" | "firewall";

export interface ChangeKind<Request> {
  readonly name: KindName;
  readonly remembered: RememberedChange<Request>;
  /** What the configuration asks for. */
  want(configuration: Configuration): Request;
  apply(actor: By, request: Request, signal: AbortSignal): Promise<OnTrial>;
  /** True where it cannot cut off anybody who could reach the gateway before. */
  isHarmless(request: Request): boolean;
  /** One line for each thing that comes (`+`) or goes (`-`) with it. */
  describe(request: Request): readonly string[];
}

/** The network first: while the firewall knows no port, nobody could come in over the network, and the first real configuration needs no witness. */
export function makeKinds(host: HostLink, kept: Kept): readonly [ChangeKind<NetworkRequest>, ChangeKind<FirewallRequest>] {
  const firewall = rememberChange<FirewallRequest>(kept, "host-firewall", FirewallRequestSchema);
  const network = rememberChange<NetworkRequest>(kept, "host-network", NetworkRequestSchema);
  const nobodyIsIn = (): boolean => firewall.confirmed !== undefined && firewall.confirmed.request.network === undefined;
  return [
    {
      name: "network",
      remembered: network,
      want: toNetworkRequest,
      apply: (actor, request, signal) => host.applyNetwork(actor, request, signal),
      isHarmless: nobodyIsIn,
      describe: (request) => compare(network.confirmed?.request.ports.map(writePort), request.ports.map(writePort)),
    },
    {
      name: "firewall",
      remembered: firewall,
      want: (configuration) => toFirewallRequest(configuration),
      apply: (actor, request, signal) => host.applyFirewall(actor, request, signal),
      // Machines and the cloud's address change no way of a person to the gateway: who adds a machine confirms nothing.
      isHarmless: (request) => nobodyIsIn() || (firewall.confirmed !== undefined && waysOfPeople(firewall.confirmed.request) === waysOfPeople(request)),
      describe: (request) => compare(firewall.confirmed === undefined ? undefined : writeFlows(firewall.confirmed.request), writeFlows(request)),
    },
  ];
}

function waysOfPeople({ network, segments }: FirewallRequest): string {
  return digestOf({ network, segments });
}

/** A request that makes no walls has no flows to show; host says why when it is applied. */
function writeFlows(request: FirewallRequest): readonly string[] {
  try {
    return deriveWalls(request as FirewallInput).flows.map((flow) => describeFlow(flow).slice(0, 6).join(" | "));
  } catch {
    return [];
  }
}

function writePort({ interface: name, automatic, addresses, gateways, dns }: NetworkPort): string {
  const parts = [automatic ? "automatic" : "", addresses.join(", "), gateways.length === 0 ? "" : `via ${gateways.join(", ")}`, dns.length === 0 ? "" : `names from ${dns.join(", ")}`];
  return `${name}: ${parts.filter((part) => part !== "").join(" ")}`;
}

function compare(before: readonly string[] = [], after: readonly string[]): readonly string[] {
  return [...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`), ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`)];
}
