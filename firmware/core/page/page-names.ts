// Where the page is and what it is called: as configured, and as the zone that serves it says.

import ipaddr from "ipaddr.js";
import { isLoopback } from "../../config/formats.ts";
import { PAGE_ADDRESSES, PAGE_PORT } from "../../config/page-section.ts";
import type { Configuration } from "../../config/schema.ts";
import { isAddress, localNameOf } from "../pki/names.ts";

export interface PagePlace {
  readonly port: number;
  /** The page is at the addresses of this interface, as they come and go. */
  readonly interface: string | null;
  /** Those that are configured. */
  readonly addresses: readonly string[];
}

/** In one certificate; a browser asks for one of them. */
const MOST_NAMES = 48;
const ANY = ["0.0.0.0", "::"];

export function placeOf({ network, page }: Pick<Configuration, "network" | "page">): PagePlace {
  const { admin } = network ?? {};
  if (admin === undefined) return { port: page.port ?? PAGE_PORT, interface: null, addresses: (page.addresses ?? PAGE_ADDRESSES).map(canonical) };
  return { port: admin.port, interface: admin.interface, addresses: (admin.addresses ?? []).map((text) => canonical(text.split("/")[0] ?? "")) };
}

/** Host names and addresses that the page answers to, the one for people first. `told` are the addresses that the zone has for it. */
export function namesOf(configuration: Pick<Configuration, "network" | "page">, gateway: string, told: readonly string[]): readonly string[] {
  const addresses = [...placeOf(configuration).addresses, ...told.map(canonical)].filter((address) => !ANY.includes(address));
  const local = addresses.some(isLoopback) ? ["localhost"] : [];
  const names = configuration.page.names.map((name) => (!isAddress(name) ? name : canonical(name)));
  return [...new Set([localNameOf(gateway), ...names, ...local, ...addresses])].slice(0, MOST_NAMES);
}

/** The shortest form of an address. */
function canonical(address: string): string {
  return ipaddr.isValid(address) ? ipaddr.parse(address).toString() : address;
}
