// A small town of network namespaces around a gateway: two machine segments, plant, office, cloud, and a stranger on a port nobody named.
// The wires and addresses are those of docs/topologies/own-ports.yaml. Everything is gone when the test ends.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfiguration } from "../../firmware/config/load.ts";
import type { Configuration } from "../../firmware/config/schema.ts";
import { USER_OF } from "../../firmware/protocol/firewall/flow.ts";
import { startChild, type Child } from "../support/child.ts";
import type { Defer } from "../support/suite.ts";
import type { Command, Place } from "./agent-orders.ts";

/** Numbers for the users of the zones; the machine that tests does not know their names. */
export const USER_IDS: Readonly<Record<string, number>> = Object.fromEntries(Object.values(USER_OF).map((name, place) => [name, name === "root" ? 0 : 30_001 + place]));

export interface House {
  readonly name: string;
  /** The gateway's interface on the wire to this house. */
  readonly wire: string;
  readonly gateway: readonly [string, string];
  /** The first of each family speaks; all listen. */
  readonly hosts: readonly string[];
}

/** The cloud's public addresses exist only in here. */
export const HOUSES: readonly House[] = [
  { name: "cell-a", wire: "ot-a", gateway: ["192.168.10.1", "fd00:a::1"], hosts: ["192.168.10.21", "fd00:a::21", "192.168.10.22"] },
  { name: "cell-b", wire: "ot-b", gateway: ["192.168.11.1", "fd00:b::1"], hosts: ["192.168.11.21", "fd00:b::21"] },
  { name: "plant", wire: "plant", gateway: ["10.20.0.2", "fd00:20::2"], hosts: ["10.20.0.50", "fd00:20::50", "10.20.0.1", "10.20.0.5", "10.20.0.6"] },
  { name: "office", wire: "office", gateway: ["10.30.0.2", "fd00:30::2"], hosts: ["10.30.0.9", "fd00:30::9"] },
  { name: "cloud", wire: "wan", gateway: ["10.40.0.2", "2a00:40::2"], hosts: ["10.40.0.1", "2a00:40::9", "9.9.9.9"] },
  { name: "stranger", wire: "stray", gateway: ["10.66.0.2", "fd00:66::2"], hosts: ["10.66.0.66", "fd00:66::66"] },
];

export interface Agent {
  listen(places: readonly Place[], signal: AbortSignal): Promise<void>;
  /** Which of the places answered. */
  reach(places: readonly Place[], signal: AbortSignal): Promise<readonly boolean[]>;
  /** Waits for something that it prints by itself. */
  line(pattern: RegExp, signal: AbortSignal): Promise<unknown>;
  order(command: Omit<Command, "id">, signal: AbortSignal): Promise<string>;
}

export interface Town {
  /** The name of a house's namespace, or of the gateway's. */
  namespace(house: string): string;
  /** A process in a house, or in the gateway under a user. */
  start(house: string, userId: number): Agent;
  /** Runs a program in a house. Throws with what it printed when it fails. */
  run(house: string, program: string, args: readonly string[], input?: string): string;
  /** Packets by counter of the gateway's firewall. */
  counters(): Readonly<Record<string, number>>;
}

let founded = 0;

/** With all houses, or those named. */
export function buildTown(defer: Defer, names: readonly string[] = HOUSES.map(({ name }) => name)): Town {
  founded += 1;
  const prefix = `walls-${process.pid}-${founded}`;
  const namespace = (house: string): string => `${prefix}-${house}`;
  for (const house of ["gateway", ...names]) {
    run("ip", ["netns", "add", namespace(house)]);
    defer(() => void spawnSync("ip", ["netns", "delete", namespace(house)]));
    // Addresses are usable at once, without the wait for duplicates.
    run("ip", ["netns", "exec", namespace(house), "sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0"]);
  }
  const inside: Town["run"] = (house, program, args, input) => run("ip", ["netns", "exec", namespace(house), program, ...args], input);
  for (const house of HOUSES.filter(({ name }) => names.includes(name))) layWire(house, namespace, inside);
  inside("gateway", "sh", ["-c", `ip link set lo up; sysctl -qw net.ipv4.ip_unprivileged_port_start=0; ${names.includes("cloud") ? "ip route add default via 10.40.0.1; ip -6 route add default via 2a00:40::9" : ""}`]);
  const agent = join(import.meta.dirname, "agent.ts");
  return {
    namespace,
    run: inside,
    start: (house, userId) => command(startChild(defer, "ip", ["netns", "exec", namespace(house), "setpriv", "--reuid", String(userId), "--regid", String(userId), "--clear-groups", process.execPath, agent])),
    counters: () => readCounters(inside("gateway", "nft", ["-j", "list", "counters"])),
  };
}

/** Whatever has no better way goes to the gateway, so that forwarding is really asked for. */
function layWire({ name, wire, gateway, hosts }: House, namespace: (house: string) => string, inside: Town["run"]): void {
  run("ip", ["link", "add", wire, "netns", namespace("gateway"), "type", "veth", "peer", "name", "eth0", "netns", namespace(name)]);
  const six = (address: string): boolean => address.includes(":");
  const add = (address: string, device: string): string => `ip address add ${address}/${six(address) ? "64" : address === "9.9.9.9" ? "32" : "24"} dev ${device}${six(address) ? " nodad" : ""};`;
  inside("gateway", "sh", ["-ec", `ip link set ${wire} up; ${gateway.map((address) => add(address, wire)).join(" ")}`]);
  const routes = `ip route add default via ${gateway[0]}; ip -6 route add default via ${gateway[1]}`;
  inside(name, "sh", ["-ec", `ip link set lo up; ip link set eth0 up; ${hosts.map((address) => add(address, "eth0")).join(" ")} ${routes}`]);
}

function command(child: Child): Agent {
  let orders = 0;
  const order: Agent["order"] = async (what, signal) => {
    orders += 1;
    const id = `#${orders}`;
    child.write(`${JSON.stringify({ id, ...what })}\n`);
    const [, result = ""] = await child.line(new RegExp(`^${id} (.*)$`, "m"), signal);
    if (result.startsWith("failed")) throw new Error(result);
    return result;
  };
  return {
    order,
    line: (pattern, signal) => child.line(pattern, signal),
    listen: async (listen, signal) => void (await order({ listen }, signal)),
    reach: async (reach, signal) => [...(await order({ reach }, signal))].map((digit) => digit === "1"),
  };
}

/** Of what `nft -j list counters` prints. */
export function readCounters(text: string): Readonly<Record<string, number>> {
  const { nftables } = JSON.parse(text) as { readonly nftables: readonly { readonly counter?: { readonly name: string; readonly packets: number } }[] };
  return Object.fromEntries(nftables.flatMap(({ counter }) => (counter === undefined ? [] : [[counter.name, counter.packets]])));
}

function run(program: string, args: readonly string[], input = ""): string {
  const { status, stdout, stderr } = spawnSync(program, args, { input, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** An example configuration of docs/topologies. */
export function readTopology(name: string): Configuration {
  const file = join(import.meta.dirname, "../../docs/topologies", `${name}.yaml`);
  return loadConfiguration(readFileSync(file), file).configuration;
}
