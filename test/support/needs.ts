// What a test may need of the machine it runs on, and whether this machine has it.

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const systemFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** The full path of a program on PATH or in the system folders that a plain user's PATH lacks; undefined when absent. */
export function findExecutable(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...systemFolders];
  return folders.filter((folder) => folder !== "").map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const known = new Map<string, boolean>();

/**
 * Those of `needs` that this machine lacks. `root` is user id 0, `netns` the right to make a network namespace,
 * `env:NAME` a set environment variable (attached hardware), `appliance-tree` the Debian tree that `make deps-test` makes; every other word is a program.
 */
export function findMissing(needs: readonly string[]): readonly string[] {
  return needs.filter((need) => {
    const has = known.get(need) ?? isMet(need);
    known.set(need, has);
    return !has;
  });
}

function isMet(need: string): boolean {
  if (need === "root") return process.getuid?.() === 0;
  if (need === "netns") return mayMakeNamespace();
  if (need === "appliance-tree") return existsSync(spawnSync(join(import.meta.dirname, "../../scripts/appliance-tree"), ["--where"], { encoding: "utf8" }).stdout.trim());
  if (need.startsWith("env:")) return (process.env[need.slice(4)] ?? "") !== "";
  return findExecutable(need) !== undefined;
}

function mayMakeNamespace(): boolean {
  const unshare = findExecutable("unshare");
  if (unshare === undefined || findExecutable("ip") === undefined) return false;
  return spawnSync(unshare, ["--net", "ip", "link", "set", "lo", "up"], { stdio: "ignore", timeout: 5000 }).status === 0;
}
