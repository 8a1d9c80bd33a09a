// The appliance without its kernel: a Debian tree with the overlay of rootfs/ and this checkout's software, booted by its own systemd as process 1
// of new namespaces, on the cables of a walls town. Everything it wrote is gone when the test ends.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { NetworkReport } from "../../firmware/conduit/network.ts";
import type { Status } from "../../firmware/conduit/status.ts";
import { isAlive, until } from "../support/gateway.ts";
import { startChild } from "../support/child.ts";
import type { Defer, TestContext } from "../support/suite.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { readCounters, type Town } from "../walls/town.ts";

const checkout = join(import.meta.dirname, "../..");

/** Besides those of a town: a tree made by `make deps-test`. */
export const APPLIANCE_NEEDS = ["root", "netns", "nft", "setpriv", "sysctl", "nsenter", "unshare", "appliance-tree"];

export interface ApplianceOptions {
  /** Text of weir.yaml, as a new device has it. */
  readonly configuration: string;
  /** Further files by their path on the appliance; root's and readable by all. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
}

export interface Appliance {
  /** Runs a program on it as root. Throws with what it printed when it fails. */
  run(program: string, args: readonly string[], input?: string): string;
  /** The same, but says how it ended. */
  attempt(program: string, args: readonly string[]): { readonly code: number | null; readonly text: string };
  status(): Status;
  /** Asks until the status is as wanted; rejects with the last status and the journal. */
  until(what: string, isSo: (status: Status) => boolean, limitMs?: number): Promise<Status>;
  /** Packets by counter of the firewall, as the appliance's own nft reads them: an older one may not. */
  counters(): Readonly<Record<string, number>>;
  userId(name: string): number;
  /** Number of a unit's first process, as the appliance knows it. */
  mainPid(unit: string): number;
  journal(): string;
}

let booted = 0;

/** Resolves when its systemd has started everything; throws with the journal when a unit failed. */
export async function startAppliance({ defer, signal }: TestContext, town: Town, options: ApplianceOptions): Promise<Appliance> {
  booted += 1;
  const scratch = join(makeTempDir(defer), "appliance");
  mkdirSync(scratch);
  const files = { "usr/share/weir/weir.yaml": options.configuration, ...options.files };
  for (const [path, content] of Object.entries(files)) writeInto(`${scratch}.more`, path, content);
  const boot = ["ip", "netns", "exec", town.namespace("gateway"), "unshare", "--mount", "--pid", "--fork", "--uts", "--ipc", "--cgroup", "--kill-child", join(import.meta.dirname, "boot.sh"), whereIsTree(), checkout, process.execPath, scratch];
  const cgroup = makeCgroup(defer);
  const child = startChild(defer, "sh", ["-c", `echo 0 >'${cgroup}/cgroup.procs'; exec "$@"`, "sh", ...boot]);
  await until("the appliance's process 1 runs systemd", signal, () => readText(`/proc/${String(firstChild(child.pid))}/comm`).trim() === "systemd").catch((error: unknown) => {
    throw new Error(`the appliance does not boot:\n${child.output()}`, { cause: error });
  });
  const first = firstChild(child.pid) ?? Number.NaN;
  defer(() => void process.kill(first, "SIGKILL"));
  const appliance = makeAppliance(first, signal);
  await until("the appliance has booted", signal, () => /^(?:running|degraded)/.test(appliance.attempt("systemctl", ["is-system-running"]).text), 90_000).catch((error: unknown) => {
    throw new Error(`${String(error)}; it waits for\n${appliance.attempt("systemctl", ["list-jobs", "--no-pager"]).text}${appliance.journal()}`, { cause: error });
  });
  const { text } = appliance.attempt("systemctl", ["is-system-running"]);
  if (!text.startsWith("running")) throw new Error(`a unit failed:\n${appliance.run("systemctl", ["--failed", "--no-pager"])}${appliance.journal()}`);
  return appliance;
}

function makeAppliance(first: number, signal: AbortSignal): Appliance {
  const inside = ["-t", String(first), "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup"];
  const environment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", SYSTEMD_COLORS: "0", LC_ALL: "C.UTF-8" };
  const attempt = (program: string, args: readonly string[], input = ""): { readonly code: number | null; readonly text: string } => {
    const { status, stdout, stderr } = spawnSync("nsenter", [...inside, program, ...args], { input, encoding: "utf8", cwd: "/", env: environment, maxBuffer: 64 * 1024 * 1024 });
    return { code: status, text: `${stdout}${stderr}` };
  };
  const run: Appliance["run"] = (program, args, input) => {
    const { code, text } = attempt(program, args, input);
    if (code !== 0) throw new Error(`${program} ${args.join(" ")}: ${text}`);
    return text;
  };
  const journal = (): string => attempt("journalctl", ["--no-pager", "-o", "short", "-n", "150"]).text;
  const status = (): Status => JSON.parse(run("weir", ["status", "--json", "--data", "/var/lib/weir"])) as Status;
  return {
    run,
    attempt: (program, args) => attempt(program, args),
    status,
    journal,
    counters: () => readCounters(run("nft", ["-j", "list", "counters"])),
    userId: (name) => Number(run("id", ["-u", name])),
    mainPid: (unit) => Number(run("systemctl", ["show", "--property=MainPID", "--value", unit])),
    async until(what, isSo, limitMs = 120_000) {
      let last: Status | undefined;
      try {
        // The command loads Node anew each time.
        await until(what, signal, () => isSo((last = status())), limitMs, 500);
      } catch (error) {
        throw new Error(`${String(error)}\n${JSON.stringify(last, undefined, 1)}\n${journal()}`, { cause: error });
      }
      return last as Status;
    },
  };
}

/** As the person who configured it: keeps the network and the rules that core has put on trial. Resolves when both are in force. */
export async function confirmWalls(appliance: Appliance, signal: AbortSignal): Promise<void> {
  const show = (verb: string): NetworkReport => JSON.parse(appliance.run("weir", ["network", verb, "--json", "--data", "/var/lib/weir"])) as NetworkReport;
  let last: NetworkReport | undefined;
  try {
    await until("firewall and network are in force", signal, () => {
      last = show("status");
      if ([last.firewall, last.network].some(({ state }) => state === "on trial")) last = show("confirm");
      return last.firewall.state === "in force" && last.network.state === "in force";
    }, 120_000, 500);
  } catch (error) {
    throw new Error(`${String(error)}\n${JSON.stringify(last, undefined, 1)}\n${appliance.journal()}`, { cause: error });
  }
}

function whereIsTree(): string {
  return execFileSync(join(checkout, "scripts/appliance-tree"), ["--where"], { encoding: "utf8" }).trim();
}

/** Below it the appliance's systemd makes its own; all are removed when no process is left in them. */
function makeCgroup(defer: Defer): string {
  const [, mount] = /^\S+ (\S+) cgroup2 /m.exec(readFileSync("/proc/mounts", "utf8")) ?? [];
  if (mount === undefined) throw new Error("no cgroup2 file system is mounted on this machine");
  const path = join(mount, `weir-appliance-${process.pid}-${booted}`);
  mkdirSync(path);
  defer(async () => {
    const pids = listCgroups(path).flatMap((folder) => readText(join(folder, "cgroup.procs")).split("\n").filter((line) => line !== "")).map(Number);
    await until("the appliance's processes are gone", new AbortController().signal, () => !pids.some(isAlive), 10_000);
    for (const folder of listCgroups(path).toReversed()) rmdirSync(folder);
  });
  return path;
}

function listCgroups(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  return [path, ...readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory()).flatMap(({ name }) => listCgroups(join(path, name)))];
}

function firstChild(pid: number): number | undefined {
  const [text = ""] = readText(`/proc/${pid}/task/${pid}/children`).split(" ");
  return text === "" ? undefined : Number(text);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function writeInto(root: string, path: string, content: string | Buffer): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content, { mode: 0o644 });
}
