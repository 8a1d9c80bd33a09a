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
  /** Where systemd keeps what its generators wrote. */
  readonly generatedFolder: string;
  /** Lets systemd read its units again, generators first; returns before it has. */
  reloadUnits(): void;
  /** Ends a zone's processes in order; systemd starts the zone anew, with the limits of its unit as they are then. */
  endZone(zone: string): void;
  /** Lets systemd-networkd read its files again; one that does not run yet reads them when it starts. */
  reloadNetwork(): void;
  /** Begins an orderly restart and returns. */
  reboot(): void;
}

/** SIGRTMIN+5 of systemd(1) with glibc's SIGRTMIN: an orderly reboot, without a way to systemd's other powers. */
const REBOOT_SIGNAL = 39;
const INIT_PID = 1;
const NETWORKD = "systemd-networkd";

/** A change that nobody confirms is gone after this time. */
const TRIAL_MS = 60_000;

export const appliance: HostSystem = {
  sysfs: "/sys",
  networkFolder: "/run/systemd/network",
  nft: "/usr/sbin/nft",
  date: "/usr/bin/date",
  trialMs: TRIAL_MS,
  generatedFolder: "/run/systemd/generator",
  // systemd(1): SIGHUP is `systemctl daemon-reload`, which would ask over D-Bus or systemd's private socket; both are closed to host.
  reloadUnits: () => void process.kill(INIT_PID, "SIGHUP"),
  endZone: (zone) => signalService(`weir-${zone}`, "SIGTERM"),
  // systemd-networkd reloads on SIGHUP; networkctl would ask over D-Bus too.
  reloadNetwork: () => signalService(NETWORKD, "SIGHUP"),
  reboot: () => void process.kill(INIT_PID, REBOOT_SIGNAL),
};

/** To the first process of a service. Nothing where it does not run: it reads its files when it starts. */
function signalService(service: string, signal: "SIGHUP" | "SIGTERM"): void {
  const pid = servicePid("/sys", service);
  if (pid !== undefined) process.kill(pid, signal);
}

function servicePid(sysfs: string, service: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(sysfs, "fs/cgroup/system.slice", `${service}.service`, "cgroup.procs"), "utf8").split("\n")[0]);
    return Number.isSafeInteger(pid) && pid > INIT_PID ? pid : undefined;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
