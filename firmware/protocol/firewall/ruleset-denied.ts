// The ends of the ruleset: every packet that is not let through is counted by its side or zone, remembered for detection, and dropped.

import { USER_OF, ZONES, type Side, type Walls } from "./flow.ts";
import { identifier, interfaceName, isIpv6, joinNft, nft, subnet, userName, type Nft } from "./nft-text.ts";
import type { UserIds } from "./rule.ts";
import { renderVerdict, renderZone, VERDICTS, type Verdict } from "./ruleset-watch.ts";

/** Zones whose users are counted apart; all other users together are `other`. */
export const COUNTED = ZONES.filter((zone) => zone !== "host");

export function renderDenied(walls: Walls, ids: UserIds | undefined): readonly Nft[] {
  const names = [...walls.sides.map(({ name }) => name), "other"];
  const ends = VERDICTS.flatMap((verdict) => names.flatMap((name) => renderVerdict(verdict, name, counterOf(verdict, name))));
  return [...ends, dispatch(nft`denied_in`, "denied", walls.sides), dispatch(nft`forwarded`, "forwarded", walls.sides), ...outEnds(ids)];
}

/** The counter that counts a verdict about incoming packets of one side. */
export function counterOf(verdict: Verdict, side: string): Nft {
  return identifier(`${verdict}_from`, side);
}

/** The counter of what the users of a zone wanted out without a flow. */
export function zoneCounter(zone: string): Nft {
  return identifier("denied_of", zone);
}

/** Tells the side of a packet by its interface, and by its source where sides share one. */
function dispatch(chain: Nft, verdict: Verdict, sides: readonly Side[]): Nft {
  const rules = [...sides.filter(({ subnets, interface: wire }) => subnets.length > 0 && isShared(wire, sides)), ...sides.filter(({ interface: wire }) => !isShared(wire, sides))].flatMap((side) => sourceRules(side, verdict, isShared(side.interface, sides)));
  const rest = sides.filter(({ name, interface: wire }) => name === "cloud" && isShared(wire, sides)).map(({ interface: wire }) => nft`\t\tiifname ${interfaceName(wire)} goto ${counterOf(verdict, "cloud")}`);
  return joinNft([nft`\tchain ${chain} {`, ...rules, ...rest, nft`\t\tgoto ${counterOf(verdict, "other")}`, nft`\t}`], "\n");
}

function sourceRules({ name, interface: wire, subnets }: Side, verdict: Verdict, isSharedWire: boolean): readonly Nft[] {
  const to = counterOf(verdict, name);
  if (!isSharedWire) return [nft`\t\tiifname ${interfaceName(wire)} goto ${to}`];
  return [false, true].flatMap((isSix) => {
    const own = subnets.filter((text) => isIpv6(text) === isSix);
    return own.length === 0 ? [] : [nft`\t\tiifname ${interfaceName(wire)} ${isSix ? nft`ip6` : nft`ip`} saddr { ${joinNft(own.map(subnet), ", ")} } goto ${to}`];
  });
}

function isShared(wire: string, sides: readonly Side[]): boolean {
  return sides.filter((side) => side.interface === wire).length > 1;
}

function outEnds(ids: UserIds | undefined): readonly Nft[] {
  const users = COUNTED.flatMap((zone) => {
    const name = USER_OF[zone];
    const user = ids === undefined ? name : ids[name];
    return user === undefined ? [] : [{ zone, user: userName(user) }];
  });
  const ends = [...users.map(({ zone }) => zone), "other"].flatMap((name) => renderZone(name, zoneCounter(name)));
  const rules = users.map(({ zone, user }) => nft`\t\tmeta skuid ${user} goto ${zoneCounter(zone)}`);
  return [...ends, joinNft([nft`\tchain denied_out {`, ...rules, nft`\t\tgoto ${zoneCounter("other")}`, nft`\t}`], "\n")];
}
