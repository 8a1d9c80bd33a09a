// Shows where the page is opened, when core is told of it, and what is said where it cannot be.

import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { Fault } from "../../../drivers/contract/fault.ts";
import { addressesFor } from "../../../firmware/admin/page-addresses.ts";
import { PageKeeper } from "../../../firmware/admin/page-keeper.ts";
import { holderOf } from "../../../firmware/admin/port-holder.ts";
import type { Page } from "../../../firmware/admin/server/page-server.ts";
import type { PageSettings } from "../../../firmware/conduit/admin.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import type { OwnAddress } from "../../../firmware/runtime/own-addresses.ts";
import { assert, suite } from "../../support/suite.ts";

const own = (wire: string, address: string): OwnAddress => ({ interface: wire, family: address.includes(":") ? "ipv6" : "ipv4", address, subnet: `${address}/24`, isLoopback: wire === "lo" });
const HOST = [own("lo", "127.0.0.1"), own("lo", "::1"), own("eth0", "fd00::5"), own("eth0", "10.0.0.5"), own("eth0", "fe80::5"), own("eth1", "10.1.0.5")];
const SETTINGS: PageSettings = { addresses: ["127.0.0.1", "::1"], port: 9797, certificate: "c", key: "k", names: [], isTrusted: false, banner: "" };

interface Bench {
  readonly keeper: PageKeeper;
  /** What core was told, and what was done with the page. */
  readonly told: unknown[];
  readonly done: string[];
  host: readonly OwnAddress[];
  fault: Fault | undefined;
}

function makeBench(): Bench {
  const bench: Bench = { keeper: undefined as never, told: [], done: [], host: HOST, fault: undefined };
  const page = (settings: PageSettings): Page => {
    let urls = settings.addresses.map((address) => `https://${address}:${settings.port}`);
    return {
      get urls() {
        return urls;
      },
      replace: async (next) => {
        if (bench.fault !== undefined) throw bench.fault;
        bench.done.push(`replace ${next.addresses.join(" ")}`);
        urls = next.addresses.map((address) => `https://${address}:${next.port}`);
      },
      close: async () => void bench.done.push("close"),
    };
  };
  const start = async (settings: PageSettings): Promise<Page> => {
    if (bench.fault !== undefined) throw bench.fault;
    bench.done.push(`start ${settings.addresses.join(" ")}`);
    return page(settings);
  };
  const core = { call: async (_: string, input: unknown) => void bench.told.push(input) };
  return Object.assign(bench, { keeper: new PageKeeper({ core: core as never, log: silentLog, start, listOwn: () => bench.host }) });
}

suite("where the page is", (test) => {
  test("it is at the addresses of its interface, of the settings, or of all the host, without those that no browser can open", () => {
    assert.equal(addressesFor({ addresses: [], interface: "eth0" }, HOST), { here: ["10.0.0.5", "fd00::5"], missing: [], mayChange: true });
    assert.equal(addressesFor({ addresses: ["127.0.0.1", "::1"] }, HOST), { here: ["127.0.0.1", "::1"], missing: [], mayChange: false });
    assert.equal(addressesFor({ addresses: ["0.0.0.0"] }, HOST), { here: ["10.0.0.5", "10.1.0.5", "127.0.0.1"], missing: [], mayChange: true });
    assert.equal(addressesFor({ addresses: ["10.1.0.5", "10.1.0.6"] }, HOST), { here: ["10.1.0.5"], missing: ["10.1.0.6"], mayChange: false });
  });

  test("a host without IPv6 misses nothing at loopback", () => {
    assert.equal(addressesFor({ addresses: ["127.0.0.1", "::1"] }, [own("lo", "127.0.0.1")]), { here: ["127.0.0.1"], missing: [], mayChange: false });
  });

  test("what holds a port is named", async ({ defer }) => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    defer(() => void server.close());
    const { port } = server.address() as AddressInfo;
    assert.match(holderOf(port) ?? "", new RegExp(`\\(process ${process.pid}\\)$`));
    assert.is(holderOf(1), undefined);
  });
});

suite("keeper of the page", (test) => {
  test("core is told once where the page is, and again when it has forgotten", async ({ signal }) => {
    const { keeper, told } = makeBench();
    for (let look = 0; look < 3; look += 1) assert.is(await keeper.bring(SETTINGS, signal), false);
    assert.equal(told, [{ urls: ["https://127.0.0.1:9797", "https://::1:9797"] }]);
    keeper.forget();
    await keeper.bring(SETTINGS, signal);
    assert.is(told.length, 2);
  });

  test("an address that comes is told before anything listens there, and the page then follows it", async ({ signal }) => {
    const bench = makeBench();
    const settings = { ...SETTINGS, addresses: [], interface: "eth1" };
    assert.is(await bench.keeper.bring(settings, signal), true);
    assert.equal([bench.told, bench.done], [[{ urls: [], addresses: ["10.1.0.5"] }], []]);
    await bench.keeper.bring(settings, signal);
    bench.host = [own("eth1", "10.1.0.9")];
    assert.is(await bench.keeper.bring(settings, signal), true);
    await bench.keeper.bring(settings, signal);
    assert.equal(bench.done, ["start 10.1.0.5", "replace 10.1.0.9"]);
    assert.equal(bench.told.at(-1), { urls: ["https://10.1.0.9:9797"], addresses: ["10.1.0.9"] });
  });

  test("new settings change the page that runs, and none end it", async ({ signal }) => {
    const { done, keeper } = makeBench();
    await keeper.bring(SETTINGS, signal);
    await keeper.bring({ ...SETTINGS, certificate: "d" }, signal);
    await keeper.bring(null, signal);
    await keeper.bring(SETTINGS, signal);
    assert.equal(done, ["start 127.0.0.1 ::1", "replace 127.0.0.1 ::1", "close", "start 127.0.0.1 ::1"]);
  });

  test("what fails is told with a remedy, tried again, and over when it succeeds; the page that runs goes on meanwhile", async ({ signal }) => {
    const bench = makeBench();
    bench.fault = new Fault("CONFIG_INVALID", "in use", { cause: Object.assign(new Error("in use"), { code: "EADDRINUSE" }) });
    await bench.keeper.bring(SETTINGS, signal);
    await bench.keeper.bring(SETTINGS, signal);
    assert.is(bench.told.length, 1);
    assert.match(JSON.stringify(bench.told), /port 9797 is taken.*page\.port/);
    bench.fault = undefined;
    await bench.keeper.bring(SETTINGS, signal);
    assert.equal(bench.told.at(-1), { urls: ["https://127.0.0.1:9797", "https://::1:9797"] });
    bench.fault = new Fault("CONFIG_INVALID", "no", { cause: Object.assign(new Error("no"), { code: "EPERM" }) });
    await bench.keeper.bring({ ...SETTINGS, port: 443 }, signal);
    assert.match(JSON.stringify(bench.told.at(-1)), /https:\/\/127\.0\.0\.1:9797.*may not listen at port 443.*network\.admin/);
    assert.equal(bench.done, ["start 127.0.0.1 ::1"]);
  });

  test("an interface without an address, and an address that is not there, are told", async ({ signal }) => {
    const bench = makeBench();
    const settings = { ...SETTINGS, addresses: [], interface: "eth9" };
    await bench.keeper.bring(settings, signal);
    await bench.keeper.bring(settings, signal);
    assert.match(JSON.stringify(bench.told), /the interface eth9 has no address yet/);
    const other = makeBench();
    await other.keeper.bring({ ...SETTINGS, addresses: ["10.1.0.5", "10.1.0.6"] }, signal);
    assert.match(JSON.stringify(other.told), /https:\/\/10\.1\.0\.5:9797.*no address 10\.1\.0\.6/);
  });
});
