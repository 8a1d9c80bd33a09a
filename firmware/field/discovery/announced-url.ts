// Which of the addresses that a target announces may be connected to: within its segment, by IP address, with nothing secret in it.

import { Fault } from "../../../drivers/contract/fault.ts";
import { hostOf, isAddress, lies } from "../../protocol/firewall/addresses.ts";

export interface UrlBounds {
  readonly subnets: readonly string[];
  /** The gateway's own addresses other than loopback: nobody has it connect to itself. */
  readonly own: readonly string[];
}

/** The first that may be used, https before http; undefined where none may. */
export function chooseUrl(xaddrs: readonly string[], bounds: UrlBounds, protocols: readonly ("https:" | "http:")[] = ["https:", "http:"]): URL | undefined {
  const usable = xaddrs.flatMap((text) => {
    const url = URL.parse(text);
    return url !== null && isUsable(url, bounds) ? [url] : [];
  });
  for (const protocol of protocols) {
    const found = usable.find((url) => url.protocol === protocol);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Why none of them was chosen, naming them. */
export function refuseUrls(xaddrs: readonly string[], where: string): Fault {
  const named = xaddrs.length === 0 ? "it announces none" : `it announces ${xaddrs.slice(0, 4).map((text) => JSON.stringify(text.slice(0, 200))).join(", ")}${xaddrs.length > 4 ? ` and ${xaddrs.length - 4} more` : ""}`;
  return new Fault("ADDRESS_REFUSED", `no address within its segment that may be connected to: ${named}`, {
    where,
    remedy: "Let the machine announce an http or https URL with its IP address in this segment, or write it into the configuration by hand.",
  });
}

function isUsable(url: URL, { subnets, own }: UrlBounds): boolean {
  const host = hostOf(url.href) ?? "";
  const isPlain = url.username === "" && url.password === "" && url.search === "" && url.hash === "" && url.href.length <= 2048;
  return isPlain && isAddress(host) && subnets.some((subnet) => lies(host, subnet)) && !own.includes(host);
}
