// The state of firewall and network for a person.

import type { NetworkReport, NetworkStanding } from "../conduit/network.ts";
import { printable } from "./printable.ts";

const STATES: Readonly<Record<NetworkStanding["state"], (standing: NetworkStanding) => string>> = {
  unknown: () => "not known yet",
  "in force": () => "as configured",
  "on trial": ({ secondsLeft }) => `on trial; returns by itself in ${secondsLeft ?? 0} s unless it is confirmed`,
  returned: () => "not as configured: the change was not confirmed and is undone",
  refused: () => "not as configured: the change was refused",
};

/** Plain text that ends with a newline. */
export function writeReport(report: NetworkReport): string {
  if (!report.hasHost) return "This is not an appliance: Weir changes neither firewall nor network here.\n";
  const { network, firewall } = report;
  const isOnTrial = [network, firewall].some(({ state }) => state === "on trial");
  const isUndone = [network, firewall].some(({ state }) => state === "returned" || state === "refused");
  const hints = [
    ...(isOnTrial ? ["Keep it with `weir network confirm`."] : []),
    ...(isUndone ? ["Correct the configuration, or try the change again with `weir network try`."] : []),
  ];
  return [...writePart("Network", network), ...writePart("Firewall", firewall), ...hints].map((line) => `${line}\n`).join("");
}

function writePart(title: string, standing: NetworkStanding): readonly string[] {
  const words = standing.words === null ? [] : standing.words.split("\n");
  return [`${title}: ${STATES[standing.state](standing)}.`, ...[...words, ...standing.lines].map((line) => `  ${printable(line)}`)];
}
