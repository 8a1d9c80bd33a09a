// Which addresses and ports an asset's driver talks to, read from the URLs in its settings.

import { hostOf, isAddress } from "./addresses.ts";
import type { Endpoint } from "./flow.ts";

const PORT_OF: Readonly<Record<string, { readonly protocol: "tcp" | "udp"; readonly port: number }>> = {
  "http:": { protocol: "tcp", port: 80 },
  "https:": { protocol: "tcp", port: 443 },
  "mqtt:": { protocol: "tcp", port: 1883 },
  "mqtts:": { protocol: "tcp", port: 8883 },
  "opc.tcp:": { protocol: "tcp", port: 4840 },
  "modbus:": { protocol: "tcp", port: 502 },
  "snmp:": { protocol: "udp", port: 161 },
};

export interface MachineEndpoint extends Endpoint {
  readonly protocol: "tcp" | "udp";
}

/** Every URL with an address in the settings of a driver. A scheme that is not known here opens nothing. */
export function machineEndpoints(config: unknown): readonly MachineEndpoint[] {
  if (typeof config === "string") return readUrl(config);
  if (typeof config !== "object" || config === null) return [];
  return Object.values(config).flatMap(machineEndpoints);
}

function readUrl(text: string): readonly MachineEndpoint[] {
  const url = /^[a-z.]+:\/\//.test(text) ? URL.parse(text) : null;
  const known = url === null ? undefined : PORT_OF[url.protocol];
  const address = hostOf(text);
  if (url === null || known === undefined || address === undefined || !isAddress(address)) return [];
  return [{ protocol: known.protocol, address, port: url.port === "" ? known.port : Number(url.port) }];
}
