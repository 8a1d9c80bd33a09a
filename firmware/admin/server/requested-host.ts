// Which host a request is for: another one than the page's own is refused, or a foreign name that is made to lead here (DNS rebinding) would make any site ours.

import type { IncomingMessage } from "node:http";

const HOST = /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::\d{1,5})?$/;

/** The name without port, brackets and final dot, in lower case; undefined where the request names none or more than one. */
export function requestedHost({ headersDistinct }: Pick<IncomingMessage, "headersDistinct">): string | undefined {
  const hosts = headersDistinct["host"] ?? [];
  const [, name] = (hosts.length === 1 && HOST.exec(hosts[0] ?? "")) || [];
  return name === undefined ? undefined : plainName(name);
}

/** Among these names; the port may be another one before the page, where a wall of the plant leads on to it. */
export function isOwnHost(host: string, names: readonly string[]): boolean {
  return names.some((name) => plainName(name) === host);
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/^\[|\]$/g, "").replace(/\.$/, "");
}
