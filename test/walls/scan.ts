// What nmap finds open at the gateway from one side of a town.

import { startChild } from "../support/child.ts";
import type { TestContext } from "../support/suite.ts";
import type { House, Town } from "./town.ts";

/** All that the example declares, what else Weir could serve, and what such a device often has open by mistake. */
export const DECLARED = { tcp: [1883, 4840, 8883, 9443, 9797], udp: [162, 3702] } as const;
export const OTHERS = {
  tcp: [7, 20, 21, 22, 23, 25, 53, 79, 80, 110, 111, 113, 135, 139, 143, 161, 389, 443, 445, 465, 502, 514, 587, 631, 636, 800, 820, 899, 990, 993, 995, 1080, 1433, 1521, 1880, 1900, 2049, 2375, 2376, 3000, 3128, 3306, 3389, 3702, 4000, 4443, 5000, 5222, 5353, 5355, 5432, 5601, 5672, 5900, 6379, 6443, 6514, 7000, 8000, 8008, 8080, 8081, 8086, 8443, 8888, 9000, 9090, 9100, 9200, 9229, 9418, 10_000, 11_211, 15_672, 27_017, 44_818, 47_808, 50_000, 61_616],
  udp: [7, 19, 53, 67, 68, 69, 111, 123, 137, 138, 161, 500, 514, 520, 546, 547, 623, 1900, 2222, 4500, 5060, 5353, 5355, 5683, 5684, 10_001, 33_434, 44_818, 47_808],
} as const;
/** A second one is a flood beyond 50 (ruleset-early.ts), and would be cut off where it is declared. */
const PROBES_PER_SECOND = 40;

/** Open ports as nmap names them; what does not answer, or is refused, is not among them. */
export async function scan({ defer, signal }: TestContext, town: Town, house: House, address: string): Promise<readonly string[]> {
  const ports = `T:${[...DECLARED.tcp, ...OTHERS.tcp].join(",")},U:${[...DECLARED.udp, ...OTHERS.udp].join(",")}`;
  const six = address.includes(":") ? ["-6"] : [];
  const child = startChild(defer, "ip", ["netns", "exec", town.namespace(house.name), "nmap", ...six, "-n", "-Pn", "-sS", "-sU", "--disable-arp-ping", "--max-retries", "2", "--min-rate", String(PROBES_PER_SECOND - 10), "--max-rate", String(PROBES_PER_SECOND), "-p", ports, "-oG", "-", address]);
  await child.line(/# Nmap done/, signal);
  return [...child.output().matchAll(/(\d+)\/open\/(tcp|udp)/g)].map(([, port, protocol]) => `${port ?? ""}/${protocol ?? ""}`).toSorted();
}
