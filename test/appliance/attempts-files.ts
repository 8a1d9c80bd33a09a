// What code in a zone tries with files, sockets and processes, and what must come of it.

import type { Attempt, ZoneName } from "./attempt-kinds.ts";

const ZONES = ["field", "cloud", "admin", "core", "host"] as const satisfies readonly ZoneName[];
const but = (...names: readonly ZoneName[]): readonly ZoneName[] => ZONES.filter((zone) => !names.includes(zone));
const OTHERS = but("core");
/** Without the one that is root. */
const USERS = but("host");
const HIDDEN = ["EACCES", "ENOENT", "EPERM"] as const;
const CLOSED = ["EACCES", "ENOENT", "EROFS", "EPERM"] as const;

const read = (path: string, more: Partial<Attempt> = {}): Attempt => ({ name: `read ${path}`, act: { read: path }, outcome: HIDDEN, ...more });
const write = (path: string, more: Partial<Attempt> = {}): Attempt => ({ name: `write ${path}`, act: { write: path }, outcome: CLOSED, ...more });
const socket = (path: string, more: Partial<Attempt> = {}): Attempt => ({ name: `connect to ${path}`, act: { socket: path }, outcome: ["EACCES", "ENOENT"], ...more });
const signal = (zone: string, more: Partial<Attempt> = {}): Attempt => ({ name: `signal ${zone}`, act: { signal: `{pid:${zone}}` }, outcome: "EPERM", ...more });

export const SECRETS: readonly Attempt[] = [
  ...["vault.key", "vault.db", "outbox.db", "state.db", "audit.db", "weir.yaml", ""].map((name) => read(`/var/lib/weir/${name}`, { zones: OTHERS })),
  write("/var/lib/weir/weir.yaml", { zones: OTHERS }),
  read("/etc/shadow"),
  read("/etc/gshadow"),
  read("/root"),
  read("/run/weir-core", { zones: OTHERS }),
  ...(["field", "cloud", "admin", "host"] as const).map((zone) => read(`/run/weir-${zone}`, { zones: but(zone) })),
  read("/run/credentials"),
  read("{journal}"),
  read("/proc/{pid:core}/environ", { zones: OTHERS }),
  read("/proc/{pid:core}/fd", { zones: OTHERS }),
  // host may enter: a process of root's owns the namespaces that systemd, root too, made for core (user_namespaces(7)). It reads nothing there.
  read("/proc/{pid:core}/root", { zones: but("core", "host") }),
  read("/proc/{pid:core}/root/var/lib/weir/vault.key", { zones: ["host"] }),
  read("/proc/{pid:core}/mem", { zones: OTHERS }),
  ...(["field", "admin"] as const).map((zone) => read(`/proc/{pid:${zone}}/mem`, { zones: but(zone) })),
  read("/proc/1/environ"),
  read("/proc/1/root"),
  read("/proc/kcore"),
  read("/proc/kmsg"),
  read("/proc/kallsyms"),
  read("/dev/mem"),
  read("/dev/kmsg"),
  read("/dev/vda"),
  read("/dev/fuse"),
  read("/dev/net/tun"),
  read("/dev/bus/usb"),
  read("/dev/input"),
  read("/sys/kernel/debug"),
  // host is of root's group, from which hidepid= hides nothing (proc(5)).
  { name: "processes of others", act: { strangersIn: "/proc" }, outcome: "none", zones: USERS },
];

const OWN_CONDUIT: Readonly<Record<ZoneName, readonly string[]>> = { field: ["/run/weir/source-field.sock"], cloud: ["/run/weir/cloud.sock"], admin: ["/run/weir/admin.sock"], core: ["/run/weir/host.sock"], host: [] };

export const CONDUITS: readonly Attempt[] = [
  socket("/run/weir/source-field.sock", { zones: but("field") }),
  socket("/run/weir/cloud.sock", { zones: but("cloud") }),
  socket("/run/weir/admin.sock", { zones: but("admin") }),
  socket("/run/weir/plant.sock"),
  socket("/run/weir/host.sock", { zones: but("core") }),
  socket("/run/weir/console.sock"),
  socket("/run/weir/local.sock"),
  socket("/run/dbus/system_bus_socket"),
  socket("/run/systemd/private"),
  ...ZONES.map((zone): Attempt => ({ name: "any other socket", act: { socketsBut: OWN_CONDUIT[zone] }, outcome: "none", zones: [zone] })),
];

export const WRITES: readonly Attempt[] = [
  ...["/etc/passwd", "/etc/planted", "/etc/systemd/system/planted.service", "/etc/nftables.conf", "/etc/ld.so.preload"].map((path) => write(path)),
  ...["/usr/planted", "/usr/bin/weir", "/usr/lib/weir/planted", "/usr/lib/weir/firmware/cli/weir.ts", "/usr/lib/systemd/system/weir-core.service"].map((path) => write(path)),
  // It runs; the kernel says so first.
  write("/usr/lib/weir/bin/node", { outcome: [...CLOSED, "ETXTBSY"] }),
  ...["/planted", "/root/planted", "/home/planted", "/opt/planted", "/srv/planted", "/boot/planted", "/mnt/planted", "/var/planted", "/var/lib/planted", "/var/cache/planted", "/var/spool/cron/planted", "/var/log/planted"].map((path) => write(path)),
  ...["/run/planted", "/run/weir/planted.sock", "/run/systemd/system/planted.service", "/run/udev/planted", "/run/tmpfiles.d/planted.conf"].map((path) => write(path)),
  write("/run/systemd/network/planted.network", { zones: USERS }),
  ...["/proc/sys/kernel/core_pattern", "/proc/sys/net/ipv4/ip_forward", "/proc/sysrq-trigger", "/proc/sys/vm/memfd_noexec"].map((path) => write(path)),
  ...["/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/system.slice/weir-core.service/cgroup.kill", "/sys/kernel/uevent_helper", "/sys/power/state"].map((path) => write(path)),
  write("/proc/1/oom_score_adj", { zones: USERS }),
  { name: "make /run/weir-other", act: { make: "folder", path: "/run/weir-other" }, outcome: CLOSED },
  { name: "link in /etc", act: { make: "link", path: "/etc/linked" }, outcome: CLOSED },
];

export const PROGRAMS: readonly Attempt[] = [
  ...["/bin/sh", "/usr/bin/systemctl", "/usr/bin/dbus-send", "/usr/bin/mount"].map((path): Attempt => ({ name: `execute ${path}`, act: { execute: [path, "--help"] }, outcome: "EACCES", zones: USERS })),
  ...["/tmp", "/var/tmp", "/dev/shm"].flatMap((folder): readonly Attempt[] => [
    { name: `plant a program in ${folder}`, act: { plant: folder }, outcome: ["EACCES", "ENOENT", "EPERM"] },
    { name: `load code from ${folder}`, act: { loadInto: folder }, outcome: ["ERR_DLOPEN_FAILED", "EACCES", "ENOENT", "EPERM"] },
  ]),
  { name: "plant a program in the zone's own folder", act: { plant: "/run/weir-{zone}" }, outcome: ["EACCES", "ENOENT", "EPERM"] },
  { name: "plant a program in memory", act: { plantInMemory: true }, outcome: ["EACCES", "EPERM"] },
];

export const OTHER_ZONES: readonly Attempt[] = [
  ...ZONES.map((zone) => signal(zone, { zones: but("host", zone) })),
  { name: "signal systemd", act: { signal: "1" }, outcome: "EPERM", zones: USERS },
  // The disk is core's own to fill, within the bounds of the outbox; memory is bounded by MemoryMax=.
  ...["/tmp", "/var/tmp", "/dev/shm"].map((path): Attempt => ({ name: `fill ${path}`, act: { fill: path, bytes: 96 * 1_048_576 }, outcome: "EACCES", zones: path === "/dev/shm" ? [...OTHERS, "core"] : OTHERS })),
];

/** What each zone's user is refused even without a unit's walls. */
export const AS_USER: readonly Attempt[] = [
  ...["source-field", "cloud", "host", "console", "local"].map((name) => socket(`/run/weir/${name}.sock`)),
  socket("/run/systemd/private"),
  ...["vault.key", "outbox.db", "weir.yaml"].map((name) => read(`/var/lib/weir/${name}`)),
  ...ZONES.flatMap((zone) => [read(`/run/weir-${zone}`), read(`/proc/{pid:${zone}}/environ`), read(`/proc/{pid:${zone}}/mem`)]),
  ...ZONES.map((zone) => signal(zone)),
  ...["/etc/planted", "/usr/lib/weir/planted", "/run/weir/planted.sock", "/var/lib/weir/planted"].map((path) => write(path)),
];
