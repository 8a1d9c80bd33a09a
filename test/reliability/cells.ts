// Cells that are alike: behind a network namespace each, a machine at the same address on a wire of the same name.

import { spawnSync } from "node:child_process";
import { weir } from "../support/gateway.ts";
import { startChild, type Child } from "../support/child.ts";
import type { Defer } from "../support/suite.ts";

export interface TwinCell {
  /** The gateway's namespace for the cell. */
  readonly namespace: string;
  /** Starts the cell's machine, which can be found, and resolves with its asset id when it is ready. */
  startMachine(index: number, signal: AbortSignal, more?: readonly string[]): Promise<string>;
  /** Starts a program where the machine is. */
  start(command: string, args: readonly string[]): Child;
  /** The IPv6 link-local address of the gateway's port, without an interface. */
  linkLocal(): string;
  /** A port of the machine that belongs to no flow. */
  openStrangePort(port: number, signal: AbortSignal): Promise<void>;
  /** Runs a program in the gateway's namespace. Throws with what it printed when it fails. */
  run(words: readonly string[], input?: string): void;
  /** Whether a connection to the machine's port is made from the gateway's namespace, within some seconds. */
  connects(port: number, seconds: number): boolean;
}

/** The addresses and names that all cells share. */
export const TWIN = { subnet: "192.168.0.0/24", gateway: "192.168.0.1/24", machine: "192.168.0.21", interface: "ot0", port: 18_080 } as const;
export const TWIN_SIX = { subnet: "fd00:c::/64", gateway: "fd00:c::1/64", machine: "fd00:c::21" } as const;

/** Everything is gone when the test ends. Needs root. `name` has up to 4 characters. */
export function buildTwinCell(defer: Defer, name: string): TwinCell {
  const namespace = twinNamespace(name);
  const hall = `${namespace}-m`;
  for (const place of [namespace, hall]) {
    ip(["netns", "add", place]);
    defer(() => void spawnSync("ip", ["netns", "delete", place]));
    // Addresses are usable at once, without the wait for duplicates.
    ip(["netns", "exec", place, "sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0"]);
    ip(["-n", place, "link", "set", "lo", "up"]);
  }
  ip(["link", "add", TWIN.interface, "netns", namespace, "type", "veth", "peer", "name", "eth0", "netns", hall]);
  for (const [place, device, four, six] of [[namespace, TWIN.interface, TWIN.gateway, TWIN_SIX.gateway], [hall, "eth0", `${TWIN.machine}/24`, `${TWIN_SIX.machine}/64`]] as const) {
    ip(["-n", place, "address", "add", four, "dev", device]);
    ip(["-n", place, "address", "add", six, "dev", device, "nodad"]);
    ip(["-n", place, "link", "set", device, "up"]);
  }
  // The kernel says a little later that a link runs, and Node lists no addresses of one that does not.
  for (const [place, device] of [[namespace, TWIN.interface], [hall, "eth0"]] as const) ip(["netns", "exec", place, "timeout", "60", "sh", "-c", `until grep -q up /sys/class/net/${device}/operstate; do sleep 0.05; done`]);
  return {
    namespace,
    start: (command, args) => startChild(defer, "ip", ["netns", "exec", hall, command, ...args]),
    linkLocal: () => {
      const { stdout } = spawnSync("ip", ["-n", namespace, "-6", "-br", "address", "show", "dev", TWIN.interface], { encoding: "utf8" });
      return /(fe80:[0-9a-f:]+)\//.exec(stdout)?.[1] ?? "";
    },
    startMachine: async (index, signal, more = []) => {
      const machine = startChild(defer, "ip", ["netns", "exec", hall, process.execPath, weir, "simulate", "machine", "--host", TWIN.machine, "--port", String(TWIN.port), "--first", String(index), "--rate", "20", "--discoverable", ...more]);
      return (await machine.line(/"asset":"([^"]+)"/, signal))[1] ?? "";
    },
    openStrangePort: async (port, signal) => {
      const script = `require("node:net").createServer().listen(${port}, "${TWIN.machine}", () => console.log("listens"))`;
      await startChild(defer, "ip", ["netns", "exec", hall, process.execPath, "-e", script]).line(/listens/, signal);
    },
    run: (words, input = "") => ip(["netns", "exec", namespace, ...words], input),
    connects: (port, seconds) => {
      const script = `require("node:net").connect({ host: "${TWIN.machine}", port: ${port} }).on("connect", () => process.exit(0))`;
      return spawnSync("ip", ["netns", "exec", namespace, "timeout", String(seconds), process.execPath, "-e", script], { stdio: "ignore" }).status === 0;
    },
  };
}

/** Of its own for each test's process; at most 15 characters with the suffix of the hall. */
export function twinNamespace(name: string): string {
  return `${name}${process.pid % 10_000_000}`;
}

function ip(args: readonly string[], input = ""): void {
  const { status, stderr } = spawnSync("ip", args, { encoding: "utf8", input });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
}
