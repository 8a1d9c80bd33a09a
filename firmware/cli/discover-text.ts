// The text of `weir discover`.

import type { DiscoveryFigures } from "../field/discovery/segment-discovery.ts";
import type { DeviceMetadata } from "../protocol/ws-discovery/metadata.ts";
import type { QName } from "../protocol/ws-discovery/xml.ts";
import { printable } from "./printable.ts";

/** What a line of `--json` holds. */
export interface Found {
  readonly interface: string;
  readonly address: string;
  readonly endpoint: string;
  readonly types: readonly QName[];
  readonly scopes: readonly string[];
  readonly xaddrs: readonly string[];
  readonly versions: readonly string[];
  readonly metadata?: DeviceMetadata;
}

/** A target on a few lines: where it is, what it is, how it is reached. */
export function writeFound({ interface: name, address, endpoint, types, scopes, xaddrs, versions, metadata }: Found): string {
  const model = [metadata?.manufacturer, metadata?.modelName, metadata?.modelNumber, metadata?.serialNumber].filter((text) => text !== undefined).join(" ");
  const lines = [
    `${address}  on ${name}${metadata?.friendlyName === undefined ? "" : `  ${metadata.friendlyName}`}`,
    ...(model === "" ? [] : [`    device    ${model}`]),
    `    types     ${types.map(({ namespace, name: type }) => `${type} (${namespace})`).join(", ") || "none told"}`,
    ...(scopes.length === 0 ? [] : [`    scopes    ${scopes.join(" ")}`]),
    `    reached   ${xaddrs.join(" ") || "no address told"}`,
    `    endpoint  ${endpoint}  (WS-Discovery ${versions.join(", ")})`,
  ];
  return lines.map((line) => `${printable(line)}\n`).join("");
}

/** How many, and what was dropped. */
export function writeTail(count: number, figures: readonly DiscoveryFigures[], interfaces: readonly string[]): string {
  const sum = (of: (figures: DiscoveryFigures) => number): number => figures.reduce((total, one) => total + of(one), 0);
  const dropped = [
    [sum(({ malformed }) => malformed), "malformed"],
    [sum(({ unasked }) => unasked), "answers to nothing that was asked"],
    [sum(({ excess }) => excess), "too many from one address"],
    [sum(({ refused }) => refused), "beyond what is remembered"],
  ].filter(([number]) => number !== 0);
  const words = dropped.length === 0 ? "" : ` Dropped: ${dropped.map(([number, why]) => `${number} ${why}`).join(", ")}.`;
  return `${count === 0 ? "Nothing answered" : `${count} found`} on ${interfaces.join(", ")}.${words}\n`;
}
