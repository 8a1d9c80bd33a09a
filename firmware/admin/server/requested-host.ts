// Which host a request is for: another one than the page's own is refused, or a foreign name that is made to lead here (DNS rebinding) would make any site ours.

import type { IncomingMessage } from "node:http";

const HOST = /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(\d{1,5}))?$/;
const HTTPS_PORT = 443;

/** The name without port, brackets and final dot, in lower case; undefined where the request names none or more than one. */
export function requestedHost({ headersDistinct }: Pick<IncomingMessage, "headersDistinct">): { readonly name: string; readonly port: number } | undefined {
  const hosts = headersDistinct["host"] ?? [];
  const [, name, port] = (hosts.length === 1 && HOST.exec(hosts[0] ?? "")) || [];
  return name === undefined ? undefined : { name: plainName(name), port: port === undefined ? HTTPS_PORT : Number(port) };
}

/** Among these names, at this port. */
export function isOwnHost(host: { readonly name: string; readonly port: number }, names: readonly string[], port: number): boolean {
  return host.port === port && names.some((name) => plainName(name) === host.name);
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/^\[|\]$/g, "").replace(/\.$/, "");
}
