// What code in a zone asks of the kernel, and the answer it must get. All of it goes to the kernel as raw system calls.

import type { Attempt } from "./attempt-kinds.ts";

const AF = { inet: 2, inet6: 10, packet: 17, netlink: 16, vsock: 40, bluetooth: 31, can: 29, alg: 38, xdp: 44, tipc: 30, key: 15 } as const;
const SOCK = { stream: 1, datagram: 2, raw: 3 } as const;
const ETH_P_ALL_BE = 0x03_00;
const REFUSED = ["EAFNOSUPPORT", "EPERM"] as const;

/** An iovec of 16 bytes at address 0: the kernel looks at the right to do it first. */
const PLACE = [0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0];

const call = (name: string, syscall: string, args: readonly (number | string | { readonly bytes: number | readonly number[] })[] = [], outcome: Attempt["outcome"] = "EPERM", more: Partial<Attempt> = {}): Attempt => ({ name, act: { call: syscall, args }, outcome, ...more });

export const SOCKETS: readonly Attempt[] = [
  call("socket of packets (sniffing)", "socket", [AF.packet, SOCK.raw, ETH_P_ALL_BE], "EAFNOSUPPORT"),
  call("socket of packets, cooked", "socket", [AF.packet, SOCK.datagram, ETH_P_ALL_BE], "EAFNOSUPPORT"),
  call("raw IPv4", "socket", [AF.inet, SOCK.raw, 255], REFUSED),
  call("raw IPv6", "socket", [AF.inet6, SOCK.raw, 58], REFUSED),
  call("ping", "socket", [AF.inet, SOCK.datagram, 1], [...REFUSED, "EACCES"]),
  call("IPv4 at all", "socket", [AF.inet, SOCK.stream, 0], "EAFNOSUPPORT", { zones: ["core", "host"] }),
  call("IPv6 at all", "socket", [AF.inet6, SOCK.datagram, 0], "EAFNOSUPPORT", { zones: ["core", "host"] }),
  call("netlink, routes", "socket", [AF.netlink, SOCK.raw, 0], "EAFNOSUPPORT", { zones: ["field", "cloud", "admin", "core"] }),
  call("netlink, netfilter", "socket", [AF.netlink, SOCK.raw, 12], "EAFNOSUPPORT", { zones: ["field", "cloud", "admin", "core"] }),
  call("netlink, udev", "socket", [AF.netlink, SOCK.raw, 15], "EAFNOSUPPORT", { zones: ["field", "cloud", "admin", "core"] }),
  call("vsock", "socket", [AF.vsock, SOCK.stream, 0], "EAFNOSUPPORT"),
  call("Bluetooth", "socket", [AF.bluetooth, SOCK.raw, 1], "EAFNOSUPPORT"),
  call("CAN", "socket", [AF.can, SOCK.raw, 1], "EAFNOSUPPORT"),
  call("the kernel's ciphers", "socket", [AF.alg, 5, 0], "EAFNOSUPPORT"),
  call("XDP", "socket", [AF.xdp, SOCK.raw, 0], "EAFNOSUPPORT"),
  call("TIPC", "socket", [AF.tipc, SOCK.stream, 0], "EAFNOSUPPORT"),
  call("IPsec keys", "socket", [AF.key, SOCK.raw, 2], "EAFNOSUPPORT"),
];

export const CALLS: readonly Attempt[] = [
  call("trace core", "ptrace", [16, "{pid:core}", 0, 0]),
  call("trace systemd", "ptrace", [16, 1, 0, 0]),
  call("read core's memory", "process_vm_readv", ["{pid:core}", { bytes: PLACE }, 1, { bytes: PLACE }, 1, 0]),
  call("write core's memory", "process_vm_writev", ["{pid:core}", { bytes: PLACE }, 1, { bytes: PLACE }, 1, 0]),
  call("a descriptor of core's", "pidfd_getfd", [0, 0, 0]),
  call("a program in memory", "memfd_create", ["planted", 0]),
  call("mount a folder over another", "mount", ["/tmp", "/etc", "none", 4096, 0]),
  call("mount a memory file system", "mount", ["none", "/mnt", "tmpfs", 0, 0]),
  call("mount /usr writable", "mount", ["none", "/usr", "none", 4128, 0]),
  call("mount by the new calls", "fsopen", ["tmpfs", 0]),
  call("take a mount along", "open_tree", [-100, "/", 1]),
  call("move a mount", "move_mount", [-100, "/tmp", -100, "/mnt", 0]),
  call("unmount what hides D-Bus", "umount2", ["/run/dbus", 2]),
  call("another root", "pivot_root", ["/tmp", "/tmp"]),
  call("another root by chroot", "chroot", ["/tmp"]),
  call("namespace of users", "unshare", [0x1000_0000]),
  call("namespace of mounts", "unshare", [0x0002_0000]),
  call("namespace of networks", "unshare", [0x4000_0000]),
  call("namespace of processes", "unshare", [0x2000_0000]),
  call("become root", "setuid", [0]),
  call("become core", "setresuid", ["{uid:core}", "{uid:core}", "{uid:core}"], ["EPERM", "EINVAL"], { zones: ["field", "cloud", "admin", "host"] }),
  call("root's group", "setgid", [0], "EPERM", { zones: ["field", "cloud", "admin", "core"] }),
  call("more groups", "setgroups", [1, { bytes: [0, 0, 0, 0] }]),
  call("all capabilities", "capset", [{ bytes: [0x22, 0x05, 0x08, 0x20, 0, 0, 0, 0] }, { bytes: Array.from({ length: 24 }, () => 255) }]),
  call("the kernel's keys, read", "keyctl", [0, -3, 0]),
  call("the kernel's keys, add", "add_key", ["user", "weir", "x", 1, -3]),
  call("the kernel's keys, ask", "request_key", ["user", "weir", 0, -3]),
  call("io_uring", "io_uring_setup", [8, { bytes: 120 }]),
  call("BPF", "bpf", [5, { bytes: 128 }, 128]),
  call("performance counters", "perf_event_open", [{ bytes: 128 }, 0, -1, -1, 0]),
  call("page faults of one's own", "userfaultfd", [1]),
  call("a kernel module", "init_module", [{ bytes: 16 }, 16, ""]),
  call("a kernel module from a file", "finit_module", [0, "", 0]),
  call("remove a kernel module", "delete_module", ["veth", 0]),
  call("another kernel", "kexec_load", [0, 0, 0, 0]),
  call("reboot", "reboot", [0xfee1_dead, 672_274_793, 0, 0]),
  call("swap", "swapon", ["/tmp/swap", 0]),
  call("the host's name", "sethostname", ["taken", 5]),
  call("the clock", "settimeofday", [{ bytes: 16 }, 0]),
  call("the clock by its number", "clock_settime", [0, { bytes: 16 }], "EPERM"),
  call("the kernel's log", "syslog", [3, { bytes: 64 }, 64]),
  call("accounting of processes", "acct", ["/tmp/accounting"]),
  call("quotas", "quotactl", [0x80_0002 << 8, "/dev/vda", 0, 0]),
  call("a file by its handle", "open_by_handle_at", [-100, { bytes: 32 }, 0]),
  call("watch all files", "fanotify_init", [0, 0]),
  call("a device of one's own", "mknodat", [-100, "/run/weir-{zone}/memory", 0o20_666, 0x101]),
  call("a program that is root for everybody", "fchmodat", [-100, "/run/weir-{zone}", 0o4755]),
  call("give a file away", "fchownat", [-100, "/run/weir-{zone}", 0, 0, 0], "EPERM", { zones: ["field", "cloud", "admin", "core"] }),
  call("run before all others", "sched_setscheduler", [0, 1, { bytes: [50, 0, 0, 0] }]),
  call("no memory for others", "mlockall", [3], ["EPERM", "ENOMEM"]),
  call("another kernel's manners", "personality", [0x0008]),
  call("hang up the terminal", "vhangup"),
  call("the processor's ports", "iopl", [3], "EPERM", { on: "x64" }),
  call("some of the processor's ports", "ioperm", [0x80, 1, 1], "EPERM", { on: "x64" }),
  call("the processor's segments", "modify_ldt", [1, { bytes: 16 }, 16], "EPERM", { on: "x64" }),
];
