// limit: 120s
// Shows how what was found is asked who it is: which address is chosen, what hostile ones bring, and that nobody makes the gateway ask more often.

import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { lies } from "../../../../firmware/protocol/firewall/addresses.ts";
import { mikoAnnouncement } from "../../../../drivers/miko/announcement.ts";
import { Fault } from "../../../../drivers/contract/fault.ts";
import { chooseUrl, refuseUrls } from "../../../../firmware/field/discovery/announced-url.ts";
import { inspectMachine, type Shown } from "../../../../firmware/field/discovery/inspect-target.ts";
import { Inspections, INSPECTION_LIMITS, type InspectionLimits } from "../../../../firmware/field/discovery/inspections.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { Defer, TestContext } from "../../../support/suite.ts";

const bounds = { subnets: ["192.168.10.0/24", "fd00:a::/64"], own: ["192.168.10.1"] };

async function serve(defer: Defer, answer: (socket: Socket) => void): Promise<{ readonly url: URL; readonly connections: () => number }> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server: Server = createServer((socket) => {
    count += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    answer(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  defer(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`), connections: () => count };
}

const MANNERS: readonly (readonly [string, (socket: Socket) => void, string, RegExp])[] = [
  ["closes at once", (socket) => socket.destroy(), "PEER_CLOSED", /close/],
  ["sends no HTTP", (socket) => socket.write("\u0000\u0001\r\n\r\n"), "PEER_PROTOCOL", /cannot be read/],
  ["redirects", (socket) => socket.write("HTTP/1.1 302 Found\r\nLocation: http://192.168.10.22/\r\nContent-Length: 0\r\n\r\n"), "PEER_PROTOCOL", /redirects \(302\) to "http:\/\/192\.168\.10\.22\/"; redirects are not followed/],
  ["wants credentials", (socket) => socket.write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"), "CREDENTIALS_REFUSED", /wants credentials/],
  ["forbids", (socket) => socket.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), "CREDENTIALS_REFUSED", /wants credentials/],
  ["is something else", (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"manufacturer":7}'), "PEER_PROTOCOL", /does not fit: \/model: expected/],
  ["answers no JSON", (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n<x>"), "PEER_PROTOCOL", /no JSON/],
  ["answers too much", (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n"${"x".repeat(200_000)}`), "PEER_LIMIT", /more than 65536 bytes/],
  ["sends headers without end", (socket) => socket.write(`HTTP/1.1 200 OK\r\n${"X-Fill: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n".repeat(1000)}`), "PEER_LIMIT", /bytes of headers/],
  ["never answers", () => undefined, "PEER_TIMEOUT", /within 8 s/],
  ["answers for ever, byte by byte", (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    const drip = (): void => void (socket.destroyed || (socket.write("1\r\n \r\n") && systemClock.after(50, drip)));
    drip();
  }, "PEER_TIMEOUT", /within 8 s/],
];

suite("inspection", (test) => {
  test("K1.7a the address that is asked lies in the segment, is an IP address, carries nothing secret, and is https where there is one", () => {
    const table: readonly (readonly [readonly string[], string | undefined])[] = [
      [["http://192.168.10.21:8080/miko/"], "http://192.168.10.21:8080/miko/"],
      [["http://192.168.10.21/", "https://192.168.10.21/"], "https://192.168.10.21/"],
      [["http://[fd00:a::21]/"], "http://[fd00:a::21]/"],
      [["http://192.168.11.21/", "http://192.168.10.21/"], "http://192.168.10.21/"],
      [["http://192.168.11.21/"], undefined],
      [["http://machine.local/"], undefined],
      [["http://localhost/", "http://127.0.0.1/", "http://[::1]/", "http://0.0.0.0/"], undefined],
      [["http://192.168.10.1:9797/"], undefined],
      [["http://a:b@192.168.10.21/", "http://192.168.10.21/?q=1", "http://192.168.10.21/#f"], undefined],
      [["ftp://192.168.10.21/", "file:///etc/passwd", "opc.tcp://192.168.10.21:4840", "192.168.10.21", ""], undefined],
      [["http://3232238101/"], "http://192.168.10.21/"],
      [["http://[fe80::1%25eth0]/", "http://[::ffff:192.168.10.21]/"], undefined],
    ];
    for (const [xaddrs, chosen] of table) assert.is(chooseUrl(xaddrs, bounds)?.href, chosen, xaddrs.join(" "));
    assert.match(refuseUrls(["http://192.168.11.21/"], "192.168.10.21").message, /192\.168\.11\.21/);
    assert.ok(refuseUrls(Array.from({ length: 16 }, () => "x".repeat(2048)), "192.168.10.21").message.length < 2048);
  });

  test("K1.7a whatever is announced, nothing outside the segment, by name or with a secret is chosen", () => {
    const host = fc.oneof(fc.ipV4(), fc.ipV6().map((text) => `[${text}]`), fc.domain(), fc.integer({ min: 0, max: 4_294_967_295 }).map(String), fc.constantFrom("192.168.10.21", "0xC0A80A15", "0300.0250.012.025", "[::ffff:c0a8:a15]", "192.168.10.21.", "192.168.10.1", "192.168.10.21%20", "ⓁⓄⒸⒶⓁⒽⓄⓈⓉ"));
    const xaddr = fc.oneof(fc.string(), fc.webUrl(), fc.tuple(fc.constantFrom("http://", "https://", "HTTP:\\\\", "//", "http:", "ftp://"), fc.constantFrom("", "a:b@", "@"), host, fc.constantFrom("", ":80", ":65536", "/", "/a?b", "#c", "\\@10.0.0.1/")).map((parts) => parts.join("")));
    fc.assert(fc.property(fc.array(xaddr, { maxLength: 6 }), (xaddrs) => {
      const url = chooseUrl(xaddrs, bounds);
      if (url === undefined) return;
      const chosen = url.hostname.replace(/^\[|\]$/g, "");
      assert.ok(bounds.subnets.some((subnet) => lies(chosen, subnet)) && !bounds.own.includes(chosen), url.href);
      assert.ok(/^https?:$/.test(url.protocol) && url.username === "" && url.password === "" && url.search === "" && url.hash === "", url.href);
    }), { numRuns: 2000 });
  });

  for (const [what, answer, code, message] of MANNERS) {
    test(`a peer that ${what} is a ${code} that names it, and is asked once`, async ({ defer, signal }) => {
      const { url, connections } = await serve(defer, (socket) => (what === "closes at once" ? answer(socket) : void socket.once("data", () => answer(socket))));
      const { fault, nameplate } = await inspectMachine(url, mikoAnnouncement, systemClock, signal);
      assert.is(fault?.code, code, String(fault));
      assert.match(fault?.message ?? "", message);
      assert.match(fault?.where ?? "", /127\.0\.0\.1/);
      assert.is(nameplate, undefined);
      assert.is(connections(), 1);
    });
  }

  test("one URL is asked once a minute whoever wants it, eight addresses at a time, each address one at a time", async (context) => {
    const { asked, calls, clock, inspections, finish, running } = watch(context);
    for (let host = 0; host < 20; host += 1) for (const path of ["a", "b"]) inspections.want(asked(`h${host}`, path), false);
    await clock.advance(0);
    assert.is(running().length, 8);
    assert.is(new Set(running().map((key) => key.split("/")[0])).size, 8);
    for (let turn = 0; turn < 20; turn += 1) {
      finish();
      await clock.advance(1);
    }
    assert.is(inspections.shown("h19/b")?.nameplate?.serialNumber, "h19/b");
    const before = calls.length;
    assert.is(before, 40);
    for (let second = 0; second < 50; second += 1) {
      inspections.want(asked("h0", "a"), true);
      await clock.advance(1000);
    }
    assert.is(calls.length, before);
    await clock.advance(12_000);
    assert.equal(calls.slice(before), ["h0/a"]);
  });

  test("at one address many URLs are asked 64 at once and then one a second; a failure is tried again ever more seldom, and what was shown before stays beside it", async (context) => {
    const { asked, calls, clock, inspections, finish } = watch(context);
    for (let path = 0; path < 200; path += 1) inspections.want(asked("victim", String(path)), false);
    const work = async (ms: number): Promise<void> => {
      for (let step = 0; step < ms / 100; step += 1) {
        await clock.advance(100);
        finish();
      }
    };
    await work(20_000);
    assert.ok(calls.length >= 60 && calls.length <= 64 + 21, `${calls.length} in 20 s`);
    inspections.keepOnly(new Set(["victim/1"]));
    const known = inspections.shown("victim/1");
    assert.is(known?.nameplate?.serialNumber, "victim/1");
    const before = calls.length;
    for (let minute = 0; minute < 40; minute += 1) {
      await work(60_000);
      if (minute >= 9) finish(new Fault("PEER_UNREACHABLE", "gone"));
    }
    assert.ok(calls.length - before < 8, `${calls.length - before} in 40 minutes`);
  });

  test("what is remembered is bounded, in number and in certificates", async (context) => {
    const { asked, clock, inspections, finish } = watch(context, { subjects: 10, certificateBytes: 5000, burst: 100 });
    for (let host = 0; host < 30; host += 1) inspections.want(asked(`h${host}`, ""), false);
    assert.is(inspections.refused, 20);
    for (let turn = 0; turn < 20; turn += 1) {
      await clock.advance(10);
      finish(undefined, ["x".repeat(2000)]);
    }
    await clock.advance(10);
    const shown = Array.from({ length: 10 }, (_, host) => inspections.shown(`h${host}/`)).filter((one) => one !== undefined);
    assert.is(shown.length, 2);
    inspections.keepOnly(new Set());
    // Addresses are remembered until they have their whole budget again.
    await clock.advance(100_000);
    inspections.want(asked("new", ""), false);
    await clock.advance(0);
    finish(undefined, ["x".repeat(2000)]);
    await clock.advance(0);
    assert.is(inspections.shown("new/")?.certificates?.length, 1);
  });
});

interface Watched {
  readonly asked: (host: string, path: string) => Parameters<Inspections["want"]>[0];
  /** What was asked, in order. */
  readonly calls: readonly string[];
  readonly clock: ReturnType<typeof makeFakeClock>;
  readonly inspections: Inspections;
  readonly running: () => readonly string[];
  /** Answers all that run. */
  readonly finish: (fault?: Fault, certificates?: readonly string[]) => void;
}

function watch(context: TestContext, limits: Partial<InspectionLimits> = {}): Watched {
  const calls: string[] = [];
  const clock = makeFakeClock();
  const ending = new AbortController();
  context.defer(() => ending.abort());
  const waiting = new Map<string, (shown: Shown) => void>();
  const ask = (key: string): Promise<Shown> => {
    calls.push(key);
    return new Promise((resolve) => waiting.set(key, resolve));
  };
  return {
    calls,
    clock,
    inspections: new Inspections({ clock, signal: ending.signal, onShown: () => undefined, limits: { ...INSPECTION_LIMITS, ...limits } }),
    asked: (host, path) => ({ key: `${host}/${path}`, url: `http://${host}/${path}`, host, ask: () => ask(`${host}/${path}`) }),
    running: () => [...waiting.keys()],
    finish: (fault, certificates) => {
      for (const [key, resolve] of waiting) {
        waiting.delete(key);
        resolve(fault === undefined ? { nameplate: { manufacturer: "", model: "", serialNumber: key }, ...(certificates === undefined ? {} : { certificates }) } : { fault });
      }
    },
  };
}
