// From a configuration to what host may know of it: addresses and ports, but no path, no credential and no other setting.

import { Clone, Clean } from "typebox/value";
import { FirewallRequestSchema } from "../../conduit/host.ts";
import type { FirewallRequest } from "../../conduit/host.ts";
import type { FirewallInput } from "../../protocol/firewall/input.ts";

/** Of an asset's settings only its URLs go out, and of a URL only scheme, host and port. */
export function toFirewallRequest(input: FirewallInput): FirewallRequest {
  const { segments, assets, cloud, network } = input;
  const known = {
    segments,
    assets: assets.map(({ name, segment, config }) => ({ name, ...(segment === undefined ? {} : { segment }), config: urlsIn(config) })),
    ...(cloud === undefined ? {} : { cloud: { url: bare(cloud.url) ?? cloud.url, ...(cloud.proxy === undefined ? {} : { proxy: { url: bare(cloud.proxy.url) ?? cloud.proxy.url } }) } }),
    ...(network === undefined ? {} : { network }),
  };
  // What a section has beyond the contract (addresses, names) is not host's concern. The schema's owner checks the rest.
  return Clean(FirewallRequestSchema, Clone(known)) as FirewallRequest;
}

function urlsIn(settings: unknown): string[] {
  if (typeof settings === "string") return [bare(settings) ?? []].flat();
  if (typeof settings !== "object" || settings === null) return [];
  return [...new Set(Object.values(settings).flatMap(urlsIn))];
}

function bare(text: string): string | undefined {
  const url = /^[a-z.]+:\/\//.test(text) ? URL.parse(text) : null;
  return url === null || url.host === "" ? undefined : `${url.protocol}//${url.host}`;
}
