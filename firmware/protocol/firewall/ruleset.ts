// The whole ruleset as nftables text: a table that replaces itself in one transaction and drops whatever no flow names, and one that watches ARP.

import { renderDenied } from "./ruleset-denied.ts";
import { renderArp, renderPairSets } from "./ruleset-watch.ts";
import { OWN_MULTICAST, renderEarly, renderMeters } from "./ruleset-early.ts";
import { USER_OF, type Flow, type Walls } from "./flow.ts";
import { writeElements, type CloudAddress } from "./cloud-set.ts";
import { cloudSet, admitRules, demandDistinctMarks, isTracked, markOf, userOf, type UserIds } from "./rule.ts";
import { identifier, joinNft, mark, nft, type Nft } from "./nft-text.ts";

export interface RulesetOptions {
  /** Numbers in place of users' names; a name that is missing is refused. */
  readonly userIds?: UserIds;
  /** Addresses of cloud names that are known already, so that a new ruleset cuts no uplink. */
  readonly cloudAddresses?: readonly CloudAddress[];
}

/** nftables text for `nft -f`. Throws INPUT_INVALID for what may not stand in a rule, whoever wrote it. */
export function renderRuleset(walls: Walls, options: RulesetOptions = {}): string {
  const { flows } = walls;
  demandDistinctMarks(flows);
  const tracked = flows.filter(isTracked);
  const parts = [
    nft`add table inet weir\ndelete table inet weir\ntable inet weir {`,
    ...tracked.flatMap((flow) => [nft`\tcounter ${identifier("sent", flow.name)} { }`, nft`\tcounter ${identifier("received", flow.name)} { }`]),
    ...renderSets(options.cloudAddresses ?? []),
    ...renderMeters(walls),
    ...renderPairSets(walls),
    ...renderDenied(walls, options.userIds),
    ...renderEarly(walls),
    renderInput(flows, tracked, options.userIds),
    renderOutput(flows, tracked, options.userIds),
    nft`\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n\t\tgoto forwarded\n\t}`,
    nft`}`,
    ...renderArp(walls),
  ];
  return `${joinNft(parts, "\n")}\n`;
}

function renderSets(addresses: readonly CloudAddress[]): readonly Nft[] {
  return [false, true].map((isSix) => {
    const elements = writeElements(addresses, isSix);
    const filled = elements === undefined ? nft`` : nft`\n\t\telements = { ${elements} }`;
    return nft`\tset ${cloudSet(isSix)} {\n\t\ttype ${isSix ? nft`ipv6_addr` : nft`ipv4_addr`} . inet_service\n\t\tflags timeout\n\t\tsize 4096${filled}\n\t}`;
  });
}

function renderInput(flows: readonly Flow[], tracked: readonly Flow[], ids: UserIds | undefined): Nft {
  const known = tracked.length === 0 ? [] : [countKnown("received", tracked), nft`\t\tct state established ct mark { ${marks(tracked)} } accept`, nft`\t\tct state related meta l4proto { icmp, icmpv6 } ct mark { ${marks(tracked)} } accept`];
  const admitted = flows.filter(({ direction }) => direction === "in").flatMap((flow) => admitRules(flow, ids).map((rule) => nft`\t\t${rule}`));
  return joinNft([nft`\tchain input {\n\t\ttype filter hook input priority filter; policy drop;`, nft`\t\tiifname "lo" accept`, ...known, nft`\t\tct state invalid goto denied_in\n\t\tct direction reply goto denied_in`, ...admitted, nft`\t\tgoto denied_in`, nft`\t}`], "\n");
}

/**
 * A later packet of a connection leaves only from a socket of the flow's user. A packet that no process's socket sends any more (the last
 * ones of a closed connection) matches no user and passes by the mark alone. On loopback the other end answers as whoever it is.
 */
function renderOutput(flows: readonly Flow[], tracked: readonly Flow[], ids: UserIds | undefined): Nft {
  const chains = tracked.flatMap((flow) => {
    const user = userOf(flow, ids);
    const original = flow.side === "loopback" ? nft`ct direction original ` : nft``;
    const foreign = user === undefined ? [] : [nft`\t\t${original}meta skuid != ${user} goto denied_out`];
    return [nft`\tchain ${identifier("known", flow.name)} {`, ...foreign, nft`\t\taccept`, nft`\t}`];
  });
  const jumps = joinNft(tracked.map((flow) => nft`${mark(markOf(flow))} : goto ${identifier("known", flow.name)}`), ", ");
  const known = tracked.length === 0 ? [] : [countKnown("sent", tracked), nft`\t\tct state established ct mark vmap { ${jumps} }`, nft`\t\tct state related meta l4proto { icmp, icmpv6 } ct mark { ${marks(tracked)} } accept`];
  const admitted = flows.filter(({ direction }) => direction === "out").flatMap((flow) => admitRules(flow, ids).map((rule) => nft`\t\t${rule}`));
  return joinNft([...chains, nft`\tchain output {\n\t\ttype filter hook output priority filter; policy drop;\n${markMulticast()}`, ...known, nft`\t\tct state invalid goto denied_out\n\t\tct direction reply goto denied_out`, ...admitted, nft`\t\tgoto denied_out`, nft`\t}`], "\n");
}

function markMulticast(): Nft {
  return nft`\t\tip daddr 224.0.0.0/4 meta mark set ${mark(OWN_MULTICAST)}\n\t\tip6 daddr ff00::/8 meta mark set ${mark(OWN_MULTICAST)}`;
}

/** Bytes and packets of each flow after its first packet. */
function countKnown(prefix: "sent" | "received", tracked: readonly Flow[]): Nft {
  const counters = tracked.map((flow) => nft`${mark(markOf(flow))} : "${identifier(prefix, flow.name)}"`);
  return nft`\t\tct state established counter name ct mark map { ${joinNft(counters, ", ")} }`;
}

function marks(tracked: readonly Flow[]): Nft {
  return joinNft(tracked.map((flow) => mark(markOf(flow))), ", ");
}

/** The users that rules may name, for whoever looks up their numbers. */
export const RULE_USERS: readonly string[] = Object.values(USER_OF);
