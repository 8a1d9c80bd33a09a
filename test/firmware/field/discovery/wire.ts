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
  /** A switch stands between the two, so that the cell's cable can be cut and the searcher's port goes on. */
  readonly hasSwitch?: boolean;
}

export interface Cells {
  /** Runs a program in a cell, or in the `searcher`. */
  start(place: string, command: string, args: readonly string[]): Child;
  run(place: string, command: string, args: readonly string[]): string;
  /** The name of the network namespace of a place. */
  namespace(place: string): string;
  /** Pulls the cell's cable out of its switch, or puts it back; resolves the moment it is done. */
  cut(cell: string): void;
  mend(cell: string): void;
}

let built = 0;

/** Everything is gone when the test ends. Needs root. */
export function buildCells(defer: Defer, cells: readonly Cell[]): Cells {
  built += 1;
  const prefix = `found-${process.pid}-${built}`;
  const inside = (place: string, words: readonly string[]): string => ip(["netns", "exec", `${prefix}-${place}`, ...words]);
  for (const place of ["searcher", ...cells.flatMap(({ name, hasSwitch }) => (hasSwitch === true ? [name, switchOf(name)] : [name]))]) {
    ip(["netns", "add", `${prefix}-${place}`]);
    defer(() => void spawnSync("ip", ["netns", "delete", `${prefix}-${place}`]));
    // Addresses are usable at once, without the wait for duplicates.
    inside(place, ["sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0"]);
    inside(place, ["ip", "link", "set", "lo", "up"]);
  }
  for (const { name, wire, searcher, hosts, hasSwitch } of cells) {
    const ends = [["searcher", wire], [name, "eth0"]] as const;
    if (hasSwitch === true) connectBySwitch(prefix, switchOf(name), ends);
    else ip(["link", "add", wire, "netns", `${prefix}-searcher`, "type", "veth", "peer", "name", "eth0", "netns", `${prefix}-${name}`]);
    for (const [place, device, addresses] of [["searcher", wire, searcher], [name, "eth0", hosts]] as const) {
      for (const address of addresses) inside(place, ["ip", "address", "add", address, "dev", device, ...(address.includes(":") ? ["nodad"] : [])]);
      inside(place, ["ip", "link", "set", device, "up"]);
    }
    // The kernel says a little later that a link runs, and Node lists no addresses of one that does not.
    for (const [place, device] of ends) inside(place, ["timeout", "30", "sh", "-c", `until grep -q up /sys/class/net/${device}/operstate; do sleep 0.05; done`]);
  }
  return {
    start: (place, command, args) => startChild(defer, "ip", ["netns", "exec", `${prefix}-${place}`, command, ...args]),
    run: (place, command, args) => inside(place, [command, ...args]),
    namespace: (place) => `${prefix}-${place}`,
    cut: (cell) => void inside(switchOf(cell), ["ip", "link", "set", "port1", "down"]),
    mend: (cell) => void inside(switchOf(cell), ["ip", "link", "set", "port1", "up"]),
  };
}

function switchOf(cell: string): string {
  return `${cell}-switch`;
}

/** `port0` leads to the searcher, `port1` to the cell. It hands multicast to everybody, as plain switches do. */
function connectBySwitch(prefix: string, place: string, ends: readonly (readonly [string, string])[]): void {
  const inSwitch = ["-n", `${prefix}-${place}`];
  ip([...inSwitch, "link", "add", "bridge", "type", "bridge", "mcast_snooping", "0", "stp_state", "0"]);
  ip([...inSwitch, "link", "set", "bridge", "up"]);
  for (const [index, [end, device]] of ends.entries()) {
    ip(["link", "add", device, "netns", `${prefix}-${end}`, "type", "veth", "peer", "name", `port${index}`, "netns", `${prefix}-${place}`]);
    ip([...inSwitch, "link", "set", `port${index}`, "master", "bridge"]);
    ip([...inSwitch, "link", "set", `port${index}`, "up"]);
  }
}

function ip(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
  return stdout;
}
