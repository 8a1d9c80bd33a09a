// From a configuration to its flows: the one place that decides what may pass the gateway's walls.

import { Fault } from "../../../drivers/contract/fault.ts";
import { overlap } from "./addresses.ts";
import { adminFlows, plantFlows } from "./flows-clients.ts";
import { cloudFlows } from "./flows-cloud.ts";
import { fieldFlows } from "./flows-field.ts";
import { systemFlows } from "./flows-system.ts";
import type { Side, Walls } from "./flow.ts";
import type { FirewallInput, NetworkInput } from "./input.ts";

/** Bits of the widest subnet of clients: fc00::/7 and 10.0.0.0/8 are the largest private networks (RFC 4193, RFC 1918). */
const WIDEST = 7;

/**
 * All that may pass in the gateway's own network namespace, or in the one that is named, and nothing else does. In a named one there are machines
 * only. The same configuration gives the same flows in the same order. Throws CONFIG_INVALID for a fault anywhere in the configuration.
 */
export function deriveWalls(input: FirewallInput, namespace?: string): Walls {
  if (input.network === undefined) return { sides: [], flows: [] };
  refuseUnknownSegments(input, input.network);
  refuseSharedWires(input.network);
  refuseMissingPorts(input.network);
  refuseMachineAddresses(input, input.network);
  const network = portsIn(input.network, namespace);
  const sides = listSides(input, network);
  const flows = [
    ...network.field.flatMap((port) => fieldFlows(port, input)),
    ...(network.plant === undefined ? [] : plantFlows(network.plant)),
    ...(network.admin === undefined ? [] : adminFlows(network.admin)),
    ...(namespace === undefined ? cloudFlows(input, network) : []),
    ...systemFlows(input, network),
  ];
  const twice = flows.find(({ name }, place) => flows.findIndex((other) => other.name === name) !== place);
  if (twice !== undefined) throw refuse(`two flows are called "${twice.name}"`, "Give each segment one entry under network.field.");
  return { sides, flows };
}

function portsIn({ field, ...others }: NetworkInput, namespace: string | undefined): NetworkInput {
  const here = field.filter((port) => port.namespace === namespace);
  return namespace === undefined ? { ...others, field: here } : { field: here };
}

function refuseUnknownSegments({ segments }: FirewallInput, { field }: NetworkInput): void {
  for (const port of field) {
    if (!segments.some(({ name }) => name === port.segment)) throw refuse(`network.field names the segment "${port.segment}", which there is not`, "Describe it under `segments`.");
  }
}

function listSides({ segments }: FirewallInput, { field, plant, admin, cloud }: NetworkInput): readonly Side[] {
  const ofSegments = field.map((port): Side => {
    return { name: `segment:${port.segment}`, interface: port.interface, subnets: segments.find(({ name }) => name === port.segment)?.subnets ?? [] };
  });
  return [
    ...ofSegments,
    ...(admin === undefined ? [] : [{ name: "management", interface: admin.interface, subnets: admin.clients } as const]),
    ...(plant === undefined ? [] : [{ name: "plant", interface: plant.interface, subnets: plant.clients } as const]),
    ...(cloud === undefined ? [] : [{ name: "cloud", interface: cloud.interface, subnets: [] } as const]),
  ];
}

/** IEC 62443 NDR 5.2: a machine network shares no wire with another segment or with the other sides. In another namespace an interface of the same name is another wire. */
function refuseSharedWires({ field, plant, admin, cloud }: NetworkInput): void {
  const others = [plant, admin, cloud].flatMap((port) => (port === undefined ? [] : [port.interface]));
  for (const [place, port] of field.entries()) {
    const twice = field.slice(0, place).find(({ segment, namespace }) => segment === port.segment && namespace !== port.namespace);
    if (twice !== undefined) throw refuse(`the segment "${port.segment}" lies in two network namespaces`, "Give each segment one entry under network.field.");
    const neighbours = field.slice(0, place).filter(({ namespace }) => namespace === port.namespace);
    const other = neighbours.find((earlier) => earlier.interface === port.interface);
    if (other !== undefined) throw refuse(`the segments "${other.segment}" and "${port.segment}" share the interface ${port.interface}`, "Give each segment a port or a VLAN of its own.");
    if (port.namespace === undefined && others.includes(port.interface)) throw refuse(`the segment "${port.segment}" shares the interface ${port.interface} with another side`, "Give the machines a port or a VLAN of their own.");
    const same = neighbours.find(({ probePort }) => probePort !== undefined && probePort === port.probePort);
    if (same !== undefined) throw refuse(`the segments "${same.segment}" and "${port.segment}" share the probe port ${port.probePort ?? ""}`, "The answers are told apart by it; give each segment its own.");
  }
}

function refuseMissingPorts(network: NetworkInput): void {
  for (const key of ["ntp", "dns"] as const) {
    const via = network[key]?.via;
    if (via !== undefined && network[via] === undefined) throw refuse(`${key} goes via ${via}, but there is no network.${via}`, `Describe network.${via}, or name another side.`);
  }
}

/** Nobody outside the machine networks is declared with an address inside one, and nobody admits everybody. */
function refuseMachineAddresses({ segments }: FirewallInput, { plant, admin, ntp, dns }: NetworkInput): void {
  for (const clients of [...(plant?.clients ?? []), ...(admin?.clients ?? [])]) {
    if (Number(clients.split("/")[1]) < WIDEST) throw refuse(`${clients} admits half the world as clients`, "Name the subnets of those who may connect (IEC 62443 NDR 1.13).");
  }
  for (const declared of [plant?.clients, plant?.ldaps, plant?.syslog, admin?.clients, ntp?.servers, dns?.servers].flatMap((addresses) => addresses ?? [])) {
    const segment = segments.find(({ subnets }) => subnets.some((subnet) => overlap(subnet, declared)));
    if (segment !== undefined) throw refuse(`${declared} lies in or around the segment "${segment.name}", but is declared for another side`, "Correct it, or the segment's subnets.");
  }
}

function refuse(message: string, remedy: string): Fault {
  return new Fault("CONFIG_INVALID", message, { where: "network", remedy });
}
