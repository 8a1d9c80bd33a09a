// The topology as a text that can be printed and read without anything else [K2.1.16].

import type { Topology } from "./topology.ts";

export function writeTopology({ gateway, version, time, zones, segments, neighbours, contacts }: Topology): string {
  const lines = [`Gateway ${gateway}, Weir ${version}, ${time}`, "", "Whom to call", ...(contacts.length === 0 ? ["  nobody is configured"] : columns(contacts, "  ")), "", "Zones of the gateway", ...columns(zones, "  "), "", "Beyond the gateway", ...(neighbours.length === 0 ? ["  nobody is configured"] : columns(neighbours.map(({ name, address, words }) => [name, address, words]), "  "))];
  for (const { name, subnets, ports, machines } of segments) {
    lines.push("", `Segment ${name}${subnets.length === 0 ? "" : `  ${subnets.join(", ")}`}`, ...ports.map((port) => `  port ${port}`));
    lines.push(...(machines.length === 0 ? ["  no machine"] : columns(machines.map((machine) => [machine.name, machine.address, machine.link, machine.model]), "  ")));
  }
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

/** Control characters in a name or a model would break the page. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}

function columns(rows: readonly (readonly string[])[], indent: string): string[] {
  const clean = rows.map((row) => row.map(printable));
  const widths = (clean[0] ?? []).map((_, column) => Math.min(48, Math.max(0, ...clean.map((row) => row[column]?.length ?? 0))));
  return clean.map((row) => indent + row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
}
