// One flow as nftables rules: who, where, what, and the mark by which its later packets are known.

import { createHash } from "node:crypto";
import { Fault } from "../../../drivers/contract/fault.ts";
import { USER_OF, type Flow, type Peers } from "./flow.ts";
import { identifier, interfaceName, isIpv6, joinNft, keyword, mark, nft, port, singleAddress, subnet, userName, type Nft } from "./nft-text.ts";

/** Unix user ids by name, where rules are written for a system that does not know the names. */
export type UserIds = Readonly<Record<string, number>>;

/** What marks the connections of a flow: a changed flow has another mark, so that connections it no longer allows end. */
export function markOf(flow: Flow): number {
  const digest = createHash("sha256").update(JSON.stringify(flow)).digest();
  return digest.readUInt32BE(0) || 1;
}

/** Flows whose connections are tracked. What the kernel says for itself (ICMPv6, IGMP) has none. */
export function isTracked({ protocol }: Flow): boolean {
  return protocol === "tcp" || protocol === "udp";
}

/** Throws a defect where two flows would share a mark. */
export function demandDistinctMarks(flows: readonly Flow[]): void {
  const marks = new Set(flows.filter(isTracked).map(markOf));
  if (marks.size < flows.filter(isTracked).length) throw new Fault("DEFECT", "two flows have the same mark", { where: "firewall", remedy: "Change the text of one of them." });
}

/** The user as nftables takes it; undefined for the kernel. */
export function userOf(flow: Flow, ids: UserIds | undefined): Nft | undefined {
  if (flow.speaker === "kernel") return undefined;
  const name = USER_OF[flow.speaker];
  return userName(ids === undefined ? name : (ids[name] ?? refuseUser(name)));
}

/** The rules that admit a flow's first packet, one per family and kind of peers. */
export function admitRules(flow: Flow, ids: UserIds | undefined): readonly Nft[] {
  const user = flow.direction === "out" ? userOf(flow, ids) : undefined;
  const who = user === undefined ? [] : [nft`meta skuid ${user}`];
  const wire = flow.direction === "in" ? nft`iifname ${interfaceName(flow.interface)}` : nft`oifname ${interfaceName(flow.interface)}`;
  const verdict = isTracked(flow) ? nft`ct mark set ${mark(markOf(flow))} accept` : nft`accept`;
  return matches(flow).map((match) => joinNft([wire, ...who, match, verdict], " "));
}

function matches(flow: Flow): readonly Nft[] {
  const { peers, protocol, groups } = flow;
  if (peers.kind === "subnets") {
    return [false, true].flatMap((isSix) => {
      const own = peers.subnets.filter((text) => isIpv6(text) === isSix);
      const ownGroups = groups?.filter((text) => isIpv6(text) === isSix);
      if (own.length === 0 || ownGroups?.length === 0 || (protocol === "igmp" && isSix) || (protocol === "icmpv6" && !isSix)) return [];
      const far = nft`${family(isSix)} ${flow.direction === "in" ? nft`saddr` : nft`daddr`} { ${joinNft(own.map(subnet), ", ")} }`;
      const near = ownGroups === undefined ? [] : [nft`${family(isSix)} daddr { ${joinNft(ownGroups.map(subnet), ", ")} }`];
      return [joinNft([far, ...near, ...portMatches(flow)], " ")];
    });
  }
  return pairMatches(peers, flow);
}

/** Addresses that belong to one port each: only outwards. Names stand in sets that are filled while the gateway runs. */
function pairMatches(peers: Exclude<Peers, { kind: "subnets" }>, flow: Flow): readonly Nft[] {
  const layer = keyword(flow.protocol);
  if (peers.kind === "names") return [false, true].map((isSix) => nft`${family(isSix)} daddr . ${layer} dport @${cloudSet(isSix)}`);
  return [false, true].flatMap((isSix) => {
    const pairs = peers.endpoints.filter(({ address }) => isIpv6(address) === isSix).map(({ address, port: number }) => nft`${singleAddress(address)} . ${port(number)}`);
    return pairs.length === 0 ? [] : [nft`${family(isSix)} daddr . ${layer} dport { ${joinNft(pairs, ", ")} }`];
  });
}

/** The set that holds the addresses of all cloud names, each with the ports it may be reached at. */
export function cloudSet(isSix: boolean): Nft {
  return identifier(isSix ? "cloud6" : "cloud4");
}

function portMatches({ direction, protocol, ownPort, peerPorts, icmpTypes }: Flow): readonly Nft[] {
  if (protocol === "igmp") return [nft`meta l4proto igmp`];
  if (protocol === "icmpv6") return [nft`icmpv6 type { ${joinNft((icmpTypes ?? []).map(keyword), ", ")} }`, ...((icmpTypes ?? []).some((type) => type.startsWith("nd-")) ? [nft`ip6 hoplimit 255`] : [])];
  const [own, peer] = direction === "in" ? [nft`dport`, nft`sport`] : [nft`sport`, nft`dport`];
  const layer = keyword(protocol);
  const ofOwn = ownPort === undefined ? [] : [nft`${layer} ${own} ${port(ownPort)}`];
  const ofPeer = peerPorts === undefined ? [] : [nft`${layer} ${peer} { ${joinNft(peerPorts.map(port), ", ")} }`];
  return ofOwn.length + ofPeer.length === 0 ? [nft`meta l4proto ${layer}`] : [...ofOwn, ...ofPeer];
}

function family(isSix: boolean): Nft {
  return isSix ? nft`ip6` : nft`ip`;
}

function refuseUser(name: string): never {
  throw new Fault("NOT_FOUND", `there is no Unix user ${name}`, { where: "firewall", remedy: "Create the users with systemd-sysusers before the firewall is applied." });
}
