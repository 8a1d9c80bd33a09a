// What host changes: the paths and programs of the system. The composition root alone chooses them; nothing in a request does.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../runtime/error-code.ts";

export interface HostSystem {
  /** Where sysfs is. */
  readonly sysfs: string;
  /** Where systemd-networkd reads what lasts until the next start. */
  readonly networkFolder: string;
  readonly nft: string;
  readonly date: string;
  /** How long a change is on trial. */
  readonly trialMs: number;
  /** Numbers in place of the users' names in the rules; names unless said. */
  readonly userIds?: Readonly<Record<string, number>>;
  /** Lets systemd-networkd read its files again; one that does not run yet reads them when it starts. */
  reloadNetwork(): void;
  /** Begins an orderly restart and returns. */
  reboot(): void;
}

/** SIGRTMIN+5 of systemd(1) with glibc's SIGRTMIN: an orderly reboot, without a way to systemd's other powers. */
const REBOOT_SIGNAL = 39;
const INIT_PID = 1;
const NETWORKD = "fs/cgroup/system.slice/systemd-networkd.service/cgroup.procs";

/** A change that nobody confirms is gone after this time. */
const TRIAL_MS = 60_000;

export const appliance: HostSystem = {
  sysfs: "/sys",
  networkFolder: "/run/systemd/network",
  nft: "/usr/sbin/nft",
  date: "/usr/bin/date",
  trialMs: TRIAL_MS,
  // systemd-networkd reloads on SIGHUP; networkctl would ask over D-Bus, which is closed to host.
  reloadNetwork: () => {
    const pid = networkdPid("/sys");
    if (pid !== undefined) process.kill(pid, "SIGHUP");
  },
  reboot: () => void process.kill(INIT_PID, REBOOT_SIGNAL),
};

/** Undefined where systemd-networkd does not run: it reads the files when it starts. */
function networkdPid(sysfs: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(sysfs, NETWORKD), "utf8").split("\n")[0]);
    return Number.isSafeInteger(pid) && pid > INIT_PID ? pid : undefined;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
