// Two or more network namespaces on one wire each: a searcher with a port into every cell.

import { spawnSync } from "node:child_process";
import { startChild, type Child } from "../../../support/child.ts";
import type { Defer } from "../../../support/suite.ts";

export interface Cell {
  readonly name: string;
  /** The searcher's interface. */
  readonly wire: string;
  /** Addresses with prefix lengths: the searcher's, then those of the cell. */
  readonly searcher: readonly string[];
  readonly hosts: readonly string[];
}

export interface Cells {
  /** Runs a program in a cell, or in the `searcher`. */
  start(place: string, command: string, args: readonly string[]): Child;
  run(place: string, command: string, args: readonly string[]): string;
}

let built = 0;

/** Everything is gone when the test ends. Needs root. */
export function buildCells(defer: Defer, cells: readonly Cell[]): Cells {
  built += 1;
  const prefix = `found-${process.pid}-${built}`;
  const inside = (place: string, words: readonly string[]): string => ip(["netns", "exec", `${prefix}-${place}`, ...words]);
  for (const place of ["searcher", ...cells.map(({ name }) => name)]) {
    ip(["netns", "add", `${prefix}-${place}`]);
    defer(() => void spawnSync("ip", ["netns", "delete", `${prefix}-${place}`]));
    // Addresses are usable at once, without the wait for duplicates.
    inside(place, ["sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0"]);
    inside(place, ["ip", "link", "set", "lo", "up"]);
  }
  for (const { name, wire, searcher, hosts } of cells) {
    ip(["link", "add", wire, "netns", `${prefix}-searcher`, "type", "veth", "peer", "name", "eth0", "netns", `${prefix}-${name}`]);
    for (const [place, device, addresses] of [["searcher", wire, searcher], [name, "eth0", hosts]] as const) {
      for (const address of addresses) inside(place, ["ip", "address", "add", address, "dev", device, ...(address.includes(":") ? ["nodad"] : [])]);
      inside(place, ["ip", "link", "set", device, "up"]);
    }
    // The kernel says a little later that a link runs, and Node lists no addresses of one that does not.
    for (const [place, device] of [["searcher", wire], [name, "eth0"]] as const) inside(place, ["timeout", "30", "sh", "-c", `until grep -q up /sys/class/net/${device}/operstate; do sleep 0.05; done`]);
  }
  return {
    start: (place, command, args) => startChild(defer, "ip", ["netns", "exec", `${prefix}-${place}`, command, ...args]),
    run: (place, command, args) => inside(place, [command, ...args]),
  };
}

function ip(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
  return stdout;
}
