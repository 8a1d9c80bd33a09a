// limit: 300s
// Shows what a hostile neighbour can do to a searching gateway, and what not: forged messages, foreign addresses, invented endpoints, malformed packets; and how much it makes the gateway send.

import { readFileSync } from "node:fs";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { until } from "../../../drivers/miko/until.ts";
import { weir } from "../../../support/gateway.ts";
import { assert, suite } from "../../../support/suite.ts";
import { bye, CELL_A, CELL_B, DUTY_A, DUTY_B, encode, GROUP, hello, IDENTIFICATION, machineTarget, newId, startField, startNeighbour, type Neighbour } from "./fixture-field.ts";
import { buildCells } from "./wire.ts";

const HOST = "192.168.10.21";
const OTHER = "192.168.10.22";
const probe = (types: readonly { namespace: string; name: string }[] = []): string => encode({ version: "1.1", kind: "probe", messageId: newId(), replyTo: undefined, types, filter: { scopes: [], matchBy: undefined } });
const sizeOf = (text: string): number => Buffer.from(text, "base64").length;

/** Until what was sent before has been read: a Hello of an endpoint that nobody has. */
async function settle(neighbour: Neighbour, field: Awaited<ReturnType<typeof startField>>, from = HOST, segment = "cell-a"): Promise<void> {
  const endpoint = newId();
  neighbour.order({ send: [hello({ endpoint, types: [], scopes: [], xaddrs: [], metadataVersion: 1 })], from: [from], fromPort: 0, to: GROUP, port: 3702 });
  await field.told(segment, (report) => report.endpoint === endpoint);
}

suite(
  "field, hostile segment",
  (test) => {
    test("K1.7a an address outside the segment is never connected to, by whatever is announced, and is told as the reason", async (context) => {
      const cells = buildCells(context.defer, [CELL_A, CELL_B]);
      const neighbour = await startNeighbour(context, cells, "a");
      const foreign = await startNeighbour(context, cells, "b");
      for (const port of [80, 443, 8080]) foreign.order({ serve: "192.168.11.21", port, manner: "identify", body: IDENTIFICATION });
      await foreign.until(/serve 192\.168\.11\.21 8080/);
      const field = await startField(context, cells, [DUTY_A, DUTY_B]);
      await until(() => (field.child.output().match(/is searched/g)?.length ?? 0) === 2, context.signal);
      const xaddrs = ["http://192.168.11.21:80/", "https://192.168.11.21/", "http://192.168.11.21:8080/", "http://press.example.com/", "http://user:word@192.168.10.21/", "ftp://192.168.10.21/", "http://192.168.10.1:8080/"];
      neighbour.order({ send: xaddrs.map((xaddr, place) => hello(machineTarget(`urn:uuid:x${place}`, xaddr))), from: [HOST], fromPort: 0, to: GROUP, port: 3702 });
      const device = { namespace: "http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01", name: "Device" };
      neighbour.order({ send: [hello({ ...machineTarget("urn:uuid:d", "http://192.168.11.21:8080/"), types: [device] })], from: [HOST], fromPort: 0, to: GROUP, port: 3702 });
      for (const place of [...xaddrs.keys()].map((key) => `x${key}`).concat("d")) {
        const report = await field.told("cell-a", ({ endpoint }) => endpoint === `urn:uuid:${place}`);
        assert.ok(report.kind === "present");
        assert.is(report.fault?.code, "ADDRESS_REFUSED");
        assert.is(report.url, undefined);
      }
      await settle(neighbour, field);
      assert.equal(foreign.lines().filter((line) => "connected" in line), []);
      assert.equal(field.newest("cell-b"), []);
    });

    test("a forged Bye from another address changes nothing; from the machine's own it is told, doubted, and the machine is back at once; forged answers to nothing are dropped", async (context) => {
      const cells = buildCells(context.defer, [CELL_A]);
      const machine = cells.start("a", process.execPath, [weir, "simulate", "machine", "--host", HOST, "--rate", "1", "--discoverable"]);
      await machine.line(/"machine":/, context.signal);
      const field = await startField(context, cells, [DUTY_A]);
      const found = await field.told("cell-a", ({ kind }) => kind === "present");
      const neighbour = await startNeighbour(context, cells, "a");
      neighbour.order({ send: [bye(found.endpoint), encode({ version: "1.1", kind: "probeMatches", messageId: newId(), relatesTo: newId(), sequence: undefined, matches: [machineTarget("urn:uuid:forged", "http://192.168.10.22/")] })], from: [OTHER], fromPort: 0, to: GROUP, port: 3702 });
      neighbour.order({ send: [encode({ version: "1.1", kind: "probeMatches", messageId: newId(), relatesTo: newId(), sequence: undefined, matches: [machineTarget("urn:uuid:forged", "http://192.168.10.22/")] })], from: [OTHER], fromPort: 0, to: "192.168.10.1", port: 37_020 });
      await settle(neighbour, field, OTHER);
      assert.is(field.newest("cell-a").find(({ endpoint }) => endpoint === found.endpoint)?.kind, "present");
      assert.ok(!field.newest("cell-a").some(({ endpoint }) => endpoint === "urn:uuid:forged"));
      // A claim to be the machine at another address is told as what it is: another target.
      neighbour.order({ send: [hello(machineTarget(found.endpoint, `http://${OTHER}:80/`))], from: [OTHER], fromPort: 0, to: GROUP, port: 3702 });
      await field.told("cell-a", ({ endpoint, address }) => endpoint === found.endpoint && address === OTHER);
      assert.is(field.newest("cell-a").find(({ endpoint, address }) => endpoint === found.endpoint && address === HOST)?.kind, "present");
      neighbour.order({ send: [bye(found.endpoint)], from: [HOST], fromPort: 0, to: GROUP, port: 3702 });
      await field.told("cell-a", ({ kind, endpoint }) => kind === "left" && endpoint === found.endpoint);
      await until(() => field.newest("cell-a").some(({ endpoint, address, kind }) => endpoint === found.endpoint && address === HOST && kind === "present"), context.signal);
    });

    test("no byte is answered to malformed packets, to foreign sources, or to a probe for something else", async (context) => {
      const cells = buildCells(context.defer, [CELL_A]);
      cells.run("a", "ip", ["address", "add", "172.16.5.5/32", "dev", "eth0"]);
      cells.run("searcher", "ip", ["route", "add", "172.16.5.5/32", "dev", "ot-a"]);
      const neighbour = await startNeighbour(context, cells, "a");
      const field = await startField(context, cells, [{ ...DUTY_A, ingestTls: 8883 }]);
      await until(() => field.child.output().includes("is searched"), context.signal);
      for (const [address, port] of [[HOST, 5100], ["172.16.5.5", 5200]] as const) {
        neighbour.order({ hear: address, port });
        await neighbour.until(new RegExp(`hear ${address.replaceAll(".", "\\.")} ${port}`));
      }
      const whole = Buffer.from(probe(), "base64");
      const random = Array.from({ length: 40 }, (_, place) => Buffer.from(Array.from({ length: place * 37 }, (__, index) => (index * 7919 + place * 104_729) % 256)).toString("base64"));
      const cuts = Array.from({ length: 40 }, (_, place) => whole.subarray(0, Math.floor((whole.length * place) / 40)).toString("base64"));
      const bad = ["AAAAAAA=", Buffer.from("<?xml").toString("base64"), Buffer.from('<!DOCTYPE x [<!ENTITY a "b">]>').toString("base64"), ...random, ...cuts, probe([{ namespace: "urn:other", name: "Thing" }])];
      for (const [to, port] of [[GROUP, 3702], ["192.168.10.1", 3702], ["192.168.10.1", 37_020]] as const) neighbour.order({ send: bad, from: [HOST], fromPort: 5100, to, port, perSecond: 100 });
      neighbour.order({ send: [probe(), probe()], from: ["172.16.5.5"], fromPort: 5200, to: GROUP, port: 3702 });
      neighbour.order({ send: [probe(), probe()], from: ["172.16.5.5"], fromPort: 5200, to: "192.168.10.1", port: 3702 });
      await until(() => neighbour.lines().filter((line) => "sent" in line).length === 5, context.signal);
      // An answer comes 0.5 s after a multicast probe at most; one that is well-formed shows that the gateway is there.
      await systemClock.sleep(1500, context.signal);
      assert.equal(neighbour.lines().filter((line) => "heard" in line), []);
      neighbour.order({ send: [probe()], from: [HOST], fromPort: 5100, to: GROUP, port: 3702 });
      await neighbour.until(/"heard"/);
    });

    test("amplification: a probe brings at most five times its bytes, at a bounded rate; a forged Hello one inspection a minute for each URL", async (context) => {
      const cells = buildCells(context.defer, [CELL_A]);
      const neighbour = await startNeighbour(context, cells, "a");
      const field = await startField(context, cells, [{ ...DUTY_A, ingestTls: 8883, ingestPlain: 1883 }]);
      await until(() => field.child.output().includes("is searched"), context.signal);
      neighbour.order({ hear: HOST, port: 5300 });
      await neighbour.until(/hear 192\.168\.10\.21 5300/);
      const heard = (): { readonly count: number; readonly bytes: number } => {
        const sizes = neighbour.lines().flatMap((line) => ("heard" in line ? [line.heard] : []));
        return { count: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
      };
      const one = probe();
      neighbour.order({ send: [one], from: [HOST], fromPort: 5300, to: "192.168.10.1", port: 3702 });
      await until(() => heard().count === 2, context.signal);
      const factor = heard().bytes / sizeOf(one);
      assert.ok(factor < 5, `${heard().bytes} bytes out for ${sizeOf(one)} in`);
      const began = systemClock.uptimeMs();
      neighbour.order({ send: Array.from({ length: 400 }, () => probe()), from: [HOST], fromPort: 5300, to: GROUP, port: 3702, perSecond: 100 });
      await neighbour.until(/"sent":400/);
      await systemClock.sleep(1500, context.signal);
      const seconds = (systemClock.uptimeMs() - began) / 1000;
      // 16 at once and 4 a second, each sent twice.
      assert.ok(heard().count <= 2 * (17 + 4 * seconds), `${heard().count} datagrams in ${seconds} s`);

      // A Hello names a URL at another host: it is asked once, however often and by whomever it is named.
      neighbour.order({ serve: OTHER, port: 80, manner: "identify", body: IDENTIFICATION });
      await neighbour.until(/serve 192\.168\.10\.22 80/);
      const forged = Array.from({ length: 50 }, (_, place) => hello({ ...machineTarget(`urn:uuid:forged-${place % 5}`, `http://${OTHER}/same`), metadataVersion: place }));
      neighbour.order({ send: forged, from: [HOST], fromPort: 0, to: GROUP, port: 3702, perSecond: 20 });
      await settle(neighbour, field);
      await field.told("cell-a", ({ endpoint, kind }) => kind === "present" && endpoint === "urn:uuid:forged-4");
      const connections = neighbour.lines().filter((line) => "connected" in line).length;
      assert.is(connections, 1);
      await neighbour.until(/"closed":80/);
      const [closed] = neighbour.lines().filter((line) => "closed" in line);
      const sent = forged.reduce((sum, text) => sum + sizeOf(text), 0);
      process.stdout.write(`amplification: probe ${sizeOf(one)} bytes in, ${heard().bytes / heard().count} bytes each of 2 out, ${factor.toFixed(1)}; 50 forged Hellos ${sent} bytes in, one connection with ${closed?.bytesIn ?? 0} bytes out\n`);
    });

    test("100,000 invented endpoints cost bounded memory and bounded requests to core, and take nothing from a machine that was there", async (context) => {
      const cells = buildCells(context.defer, [CELL_A]);
      const machine = cells.start("a", process.execPath, [weir, "simulate", "machine", "--host", HOST, "--rate", "1", "--discoverable"]);
      await machine.line(/"machine":/, context.signal);
      cells.run("a", "ip", ["route", "add", "local", "192.168.10.128/25", "dev", "lo"]);
      const field = await startField(context, cells, [DUTY_A]);
      const found = await field.told("cell-a", ({ kind }) => kind === "present");
      const neighbour = await startNeighbour(context, cells, "a");
      const memoryMb = (): number => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${field.child.pid}/status`, "utf8"))?.[1]) / 1024;
      const before = memoryMb();
      const began = systemClock.uptimeMs();
      const template = Buffer.from(hello(machineTarget("urn:uuid:invented-{n}", "http://192.168.10.22:80/{n}")), "base64").toString("utf8").replace(/MessageID>[^<]*</, "MessageID>urn:uuid:m-{n}<");
      const from = Array.from({ length: 125 }, (_, place) => `192.168.10.${130 + place}`);
      neighbour.order({ send: [Buffer.from(template).toString("base64")], times: 100_000, via: HOST, from, fromPort: 0, to: GROUP, port: 3702, perSecond: 8000 });
      await neighbour.until(/"sent":100000/);
      await settle(neighbour, field);
      const seconds = (systemClock.uptimeMs() - began) / 1000;
      const grown = memoryMb() - before;
      const invented = new Set(field.core.found.flatMap(({ report }) => (report.endpoint.includes("invented") ? [report.endpoint] : []))).size;
      process.stdout.write(`100,000 invented endpoints in ${seconds.toFixed(0)} s: ${invented} were told to core, ${grown.toFixed(0)} MB more memory\n`);
      assert.ok(invented > 0 && invented <= 64 * 125, `${invented} were told`);
      // Live are about 40 MB (8,000 targets, 32,000 message ids); the rest is what the collector has not fetched yet.
      assert.ok(grown < 250, `${grown} MB more`);
      assert.is(field.newest("cell-a").find(({ endpoint, address }) => endpoint === found.endpoint && address === HOST)?.kind, "present");
      machine.kill("SIGTERM");
      await field.told("cell-a", ({ kind, endpoint }) => kind === "left" && endpoint === found.endpoint);
    }, { limitMs: 120_000 });
  },
  { needs: ["root", "netns"], limitMs: 60_000 },
);
