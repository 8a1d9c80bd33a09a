// Linux network namespaces by the names that ip-netns(8) gives them: whether one is there, and whether this process is in it.

import { statSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../drivers/contract/fault.ts";
import { errorCode } from "./error-code.ts";

/** Where ip-netns(8) keeps the names. */
const NAMES = "/run/netns";
const OWN = "/proc/self/ns/net";
const PROGRAMS = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"] as const;
const NAME = /^[a-z0-9][a-z0-9-]{0,14}$/;

/** Why no process can be started in the namespace; undefined when one can. Looked at anew by each call. */
export function namespaceObstacle(name: string): Fault | undefined {
  if (process.getuid?.() !== 0) return new Fault("ACCESS_DENIED", `only root may start a process in the network namespace ${name}`, { where: "network.field[].namespace", remedy: "Run `weir start` as root." });
  if (program() === undefined) return new Fault("NOT_FOUND", "the program ip is missing, which starts a process in a network namespace", { where: PROGRAMS[0], remedy: "Install iproute2." });
  if (identityOf(join(NAMES, name)) === undefined) return new Fault("NOT_FOUND", `there is no network namespace ${name}`, { where: join(NAMES, name), remedy: `Make it with \`ip netns add ${name}\` and move its interfaces there.` });
  return undefined;
}

/** The words before a command that let it run in the namespace, as the same process. */
export function inNamespace(name: string): readonly [string, ...string[]] {
  return [program() ?? PROGRAMS[0], "netns", "exec", name];
}

/** Throws ACCESS_DENIED where this process is in another network namespace: at the same addresses there are other machines. */
export function demandNamespace(name: string): void {
  if (!NAME.test(name)) throw new Fault("INPUT_INVALID", "that is no name of a network namespace", { where: "--namespace", remedy: "Use lower-case letters, digits and `-`, at most 15." });
  const own = identityOf(OWN);
  if (own !== undefined && own === identityOf(join(NAMES, name))) return;
  throw new Fault("ACCESS_DENIED", `this process is not in the network namespace ${name}`, { where: join(NAMES, name), remedy: `Start it by \`ip netns exec ${name}\`, or by its unit.` });
}

function program(): string | undefined {
  return PROGRAMS.find((path) => identityOf(path) !== undefined);
}

/** Device and inode, by which namespaces(7) tells namespaces apart. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev} ${ino}`;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return undefined;
  }
}
