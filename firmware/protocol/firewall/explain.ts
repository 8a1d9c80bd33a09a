// Says in words whether something passes the walls and by which flow: the same flows that the rules are made of, asked instead of written.

import { Fault } from "../../../drivers/contract/fault.ts";
import { admits, isAddress, lies, sideOf } from "./addresses.ts";
import { SIDE_VIA, ZONES, type Flow, type SideName, type Speaker, type Walls } from "./flow.ts";

/** One reading of the question. `cloud` is a zone and a side, so that one question may have two. */
export interface Explanation {
  readonly passes: boolean;
  readonly flow?: string;
  readonly sentence: string;
}

export interface PortQuestion {
  readonly number: number;
  /** Both where it was not said. */
  readonly protocols: readonly ("tcp" | "udp")[];
}

/** `8883`, `8883/tcp` or `161/udp`. Throws INPUT_INVALID. */
export function parsePort(text: string): PortQuestion {
  const [, digits = "", protocol] = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(text) ?? [];
  const number = Number(digits);
  if (number < 1 || number > 65_535) throw new Fault("INPUT_INVALID", `"${text}" is no port`, { where: "PORT", remedy: "Write 8883, 8883/tcp or 161/udp." });
  return { number, protocols: protocol === "tcp" || protocol === "udp" ? [protocol] : ["tcp", "udp"] };
}

type Party = { readonly kind: "zone"; readonly zone: Speaker } | { readonly kind: "side"; readonly side: SideName; readonly address?: string };

/** Every reading of "does a packet from `from` pass to `port` of `to`?", at least one. Throws INPUT_INVALID for a party that there is not. */
export function explain(walls: Walls, from: string, to: string, port: PortQuestion): readonly Explanation[] {
  const pairs = readParties(from, walls, "FROM").flatMap((one) => readParties(to, walls, "TO").map((other) => [one, other] as const));
  const across = pairs.filter(([one, other]) => one.kind !== other.kind);
  return (across.length > 0 ? across : pairs).map(([one, other]) => answer(walls, one, other, port));
}

function readParties(text: string, { sides }: Walls, where: string): readonly Party[] {
  if (isAddress(text)) {
    const side = lies(text, "127.0.0.0/8") || text === "::1" ? "loopback" : (sideOf(text, sides)?.name ?? "cloud");
    return [{ kind: "side", side, address: text }];
  }
  const speakers: readonly Speaker[] = [...ZONES, "time", "addresses"];
  const parties: Party[] = speakers.filter((zone) => zone === text).map((zone) => ({ kind: "zone", zone }));
  const names: readonly SideName[] = [...sides.map(({ name }) => name), ...Object.values(SIDE_VIA), "loopback"];
  const side = names.find((name) => name === text);
  if (side !== undefined) parties.push({ kind: "side", side });
  if (parties.length > 0) return parties;
  throw new Fault("INPUT_INVALID", `there is no zone or side "${text.slice(0, 80)}"`, { where, remedy: `Zones: ${speakers.join(", ")}. Sides: ${[...new Set(names)].join(", ")}. Or give an address.` });
}

function answer(walls: Walls, from: Party, to: Party, port: PortQuestion): Explanation {
  if (from.kind === "zone" && to.kind === "side") return outwards(walls.flows, from.zone, to, port);
  if (from.kind === "side" && to.kind === "zone") return inwards(walls, from, to.zone, port);
  const sentence =
    from.kind === "side"
      ? "No: the gateway forwards nothing from one side to another. The chains forward and early drop and count it."
      : "No: zones meet only in their conduit, a Unix socket, never over IP. The chain output drops and counts it on loopback.";
  return { passes: false, sentence };
}

type SideParty = Extract<Party, { kind: "side" }>;

function outwards(flows: readonly Flow[], zone: Speaker, { side, address }: SideParty, { number, protocols }: PortQuestion): Explanation {
  const flow = flows.find((one) => one.direction === "out" && one.speaker === zone && isOf(protocols, one) && (address === undefined ? one.side === side : admits(one, address)) && leadsTo(one, number, address));
  const what = `zone ${zone} to port ${number} (${protocols.join(", ")}) of ${address ?? side}`;
  if (flow !== undefined) return { passes: true, flow: flow.name, sentence: `Yes: ${what}, by the flow ${flow.name} out of ${flow.interface}${narrow(flow, address)}. ${flow.says}` };
  const elsewhere = address === undefined || isAddressKnown(flows, zone) ? "" : " Addresses of names are known only while the gateway runs.";
  return { passes: false, sentence: `No: ${what}; no flow leads there. The chain output drops it and counts it in denied_of_${isCounted(zone) ? zone : "other"}.${elsewhere}` };
}

function inwards({ flows, sides }: Walls, { side, address }: SideParty, zone: Speaker, { number, protocols }: PortQuestion): Explanation {
  const flow = flows.find((one) => one.direction === "in" && one.speaker === zone && isOf(protocols, one) && one.ownPort === number && (address === undefined ? one.side === side : admits(one, address)));
  const what = `${address ?? side} to port ${number} (${protocols.join(", ")}) of zone ${zone}`;
  if (flow !== undefined) return { passes: true, flow: flow.name, sentence: `Yes: ${what}, by the flow ${flow.name} into ${flow.interface}${narrow(flow, address)}. ${flow.says}` };
  const other = flows.find((one) => one.direction === "in" && isOf(protocols, one) && one.ownPort === number && (address === undefined ? one.side === side : admits(one, address)));
  const hint = other === undefined ? "" : ` The port belongs to zone ${other.speaker} (flow ${other.name}).`;
  const counted = sides.some(({ name }) => name === side) ? side.replace(/[:-]/g, "_") : "other";
  return { passes: false, sentence: `No: ${what}; no flow leads there.${hint} The chain input drops it and counts it in denied_from_${counted}.` };
}

function isOf(protocols: readonly string[], { protocol }: Flow): boolean {
  return protocols.includes(protocol);
}

function leadsTo({ peers, peerPorts }: Flow, number: number, address: string | undefined): boolean {
  if (peers.kind === "subnets") return peerPorts?.includes(number) ?? true;
  if (peers.kind === "names") return peers.names.some(({ port }) => port === number);
  return peers.endpoints.some((endpoint) => endpoint.port === number && (address === undefined || lies(address, endpoint.address)));
}

/** A side is asked for as a whole; who may speak in it may be fewer. */
function narrow({ peers, ownPort, direction }: Flow, address: string | undefined): string {
  const from = direction === "out" && ownPort !== undefined ? `, from port ${ownPort} only` : "";
  if (address !== undefined) return from;
  if (peers.kind === "names") return `, to ${peers.names.map(({ host, port }) => `${host}:${port}`).join(", ")} only${from}`;
  const all = peers.kind === "subnets" ? peers.subnets : peers.endpoints.map((endpoint) => `${endpoint.address} port ${endpoint.port}`);
  return `, ${direction === "out" ? "to" : "from"} ${all.slice(0, 5).join(", ")}${all.length > 5 ? ` and ${all.length - 5} more` : ""} only${from}`;
}

function isAddressKnown(flows: readonly Flow[], zone: Speaker): boolean {
  return !flows.some(({ speaker, peers }) => speaker === zone && peers.kind === "names");
}

function isCounted(zone: Speaker): boolean {
  return ZONES.some((name) => name === zone && name !== "host");
}
