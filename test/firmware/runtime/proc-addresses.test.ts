// Shows that a process without netlink knows the same own addresses as one with it.

import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { readProcAddresses } from "../../../firmware/runtime/proc-addresses.ts";
import { listOwnAddresses } from "../../../firmware/runtime/own-addresses.ts";
import { assert, suite } from "../../support/suite.ts";

const TRIE = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 192.168.10.0/24 2 0 2
           |-- 192.168.10.1
              /32 host LOCAL
        |-- 192.168.10.255
           /32 link BROADCAST
Local:
           |-- 192.168.10.1
              /32 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
`;
const ROUTES = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\neth0\t00000000\tFE0AA8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\not-a\t000AA8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
const SIX = "fd0000000a0000000000000000000001 04 40 00 80     ot-a\nfe8000000000000000fc00fffe000001 04 40 20 c0     ot-b\n";

suite("own addresses from /proc", (test) => {
  test("are those that Node lists on this machine", () => {
    const text = (all: readonly { interface: string; address: string; subnet: string }[]): string[] => all.map(({ interface: name, address, subnet }) => `${name} ${address} ${subnet}`).toSorted();
    assert.ok(Object.keys(networkInterfaces()).length > 0);
    assert.equal(text(readProcAddresses((path) => readFileSync(path, "utf8"))), text(listOwnAddresses()));
  });
  test("belong to the interface whose network they lie in; what waits for its duplicate check is not there yet", () => {
    const files: Readonly<Record<string, string>> = { fib_trie: TRIE, route: ROUTES, if_inet6: SIX };
    const found = readProcAddresses((path) => files[path.split("/").at(-1) ?? ""] ?? "");
    assert.equal(found.map(({ interface: name, subnet, isLoopback }) => [name, subnet, isLoopback]), [["ot-a", "192.168.10.1/24", false], ["lo", "127.0.0.1/8", true], ["ot-a", "fd00:0:a00::1/64", false]]);
  });
  test("are none where the kernel tells nothing", () => {
    assert.equal(readProcAddresses(() => { throw new Error("no such file"); }), []);
  });
});
