// limit: 240s
// Shows the zone field in two segments: what is there is told to core within 2 s with who it is, what leaves within 1 s, and the gateway itself is found.

import type { FoundReport } from "../../../../firmware/conduit/source.ts";
import { writeMessage } from "../../../../firmware/protocol/ws-discovery/write-message.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { until } from "../../../drivers/miko/until.ts";
import { makeCertificate } from "../../../drivers/miko/make-certificate.ts";
import { weir } from "../../../support/gateway.ts";
import { processorWaitMs } from "../../../support/processor-wait.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { TestContext } from "../../../support/suite.ts";
import { CELL_A, CELL_B, DUTY_A, DUTY_B, encode, GROUP, hello, IDENTIFICATION, machineTarget, newId, startField, startNeighbour, type FieldUnderTest } from "./fixture-field.ts";
import { buildCells, type Cells } from "./wire.ts";

async function startMachines({ signal }: TestContext, cells: Cells, cell: string, host: string, ...more: string[]): Promise<ReturnType<Cells["start"]>> {
  const child = cells.start(cell, process.execPath, [weir, "simulate", "machine", "--host", host, "--rate", "1", "--discoverable", ...more]);
  await child.line(/"machine":/, signal);
  return child;
}

/** The promises of discovery: from a machine's Hello, or from the search where it was there before, to core's record of it; and from its end to that. */
const FOUND_MS = 2000;
const LEFT_MS = 1000;

function searchedAtMs(field: FieldUnderTest, segment: string): number {
  const line = field.child.output().split("\n").find((text) => text.includes('"the segment is searched"') && text.includes(`"${segment}"`)) ?? "{}";
  return Date.parse((JSON.parse(line) as { readonly time?: string }).time ?? "");
}

/** For how long, from now on, field has waited for a processor that others held: the promises are the product's, not the test machine's. */
function watchWaits({ child }: FieldUnderTest): () => number {
  const before = processorWaitMs(child.pid);
  return () => processorWaitMs(child.pid) - before;
}

function checkTime(what: string, tookMs: number, limitMs: number): void {
  if (process.env["WEIR_SHOW_FIGURES"] !== undefined) process.stderr.write(`${what} after ${Math.round(tookMs)} ms\n`);
  assert.ok(tookMs <= limitMs, `${what} after ${Math.round(tookMs)} ms`);
}

suite(
  "field, segments",
  (test) => {
    test("K1.7a K2.2.3 machines of two segments that are there already are told to core within 2 s of the search, each in its segment, with nameplate, URL and driver; Bye is told within 1 s", async (context) => {
      const cells = buildCells(context.defer, [CELL_A, CELL_B]);
      const machines = await startMachines(context, cells, "a", "192.168.10.21", "--count", "2");
      await startMachines(context, cells, "b", "192.168.11.21", "--first", "7");
      const field = await startField(context, cells, [DUTY_A, DUTY_B]);
      await until(() => field.child.output().includes('"the segment is searched"'), context.signal);
      const waited = watchWaits(field);
      await Promise.all(
        [["cell-a", 2], ["cell-b", 1]].map(async ([segment, machinesThere]) => {
          await until(() => field.present(String(segment)).length === machinesThere, context.signal);
          // By the gateway's own record of the search's begin; of it the probes may take 0.25 s and the answers 0.5 s, by WS-Discovery 1.1 and SOAP-over-UDP.
          checkTime(`found in ${segment}`, systemClock.now() - searchedAtMs(field, String(segment)) - waited(), FOUND_MS);
        }),
      );
      for (const report of field.present("cell-a")) {
        assert.is(report.driver, "miko");
        assert.match(report.url ?? "", /^http:\/\/192\.168\.10\.21:\d+\//);
        assert.is(report.fault, undefined);
        assert.match(report.nameplate?.serialNumber ?? "", /^A100[01]$/);
        assert.equal(report.types, ["{urn:weir:miko:1}MachineServer"]);
      }
      assert.equal(field.present("cell-b").map(({ nameplate }) => nameplate?.serialNumber), ["A1007"]);
      const waitedAfter = watchWaits(field);
      const left = systemClock.uptimeMs();
      machines.kill("SIGTERM");
      await until(() => field.newest("cell-a").every(({ kind }) => kind === "left"), context.signal);
      checkTime("left", systemClock.uptimeMs() - left - waitedAfter(), LEFT_MS);
      assert.is(field.present("cell-b").length, 1);
    });

    test("K1.7a a machine that says Hello is told within 2 s; one with https shows its certificate, leaf first, and none is checked; one that wants credentials is told as such, with its certificate", async (context) => {
      const cells = buildCells(context.defer, [CELL_A]);
      const { key, cert } = makeCertificate(context.defer, "192.168.10.21");
      const neighbour = await startNeighbour(context, cells, "a");
      neighbour.order({ serve: "192.168.10.21", port: 443, manner: "identify", tls: { key, cert }, body: IDENTIFICATION });
      neighbour.order({ serve: "192.168.10.22", port: 443, manner: "refuse", tls: { key, cert } });
      await neighbour.until(/serve 192\.168\.10\.21 443[^]*serve 192\.168\.10\.22 443|serve 192\.168\.10\.22 443[^]*serve 192\.168\.10\.21 443/);
      const field = await startField(context, cells, [DUTY_A]);
      await until(() => field.child.output().includes("searched"), context.signal);
      const waited = watchWaits(field);
      neighbour.order({ send: [hello(machineTarget("urn:uuid:1", "http://192.168.10.21/", "https://192.168.10.21/api"))], from: ["192.168.10.21"], fromPort: 0, to: GROUP, port: 3702 });
      neighbour.order({ send: [hello(machineTarget("urn:uuid:2", "https://192.168.10.22/"))], from: ["192.168.10.22"], fromPort: 0, to: GROUP, port: 3702 });
      const shown = await field.told("cell-a", ({ endpoint }) => endpoint === "urn:uuid:1");
      const toldMs = systemClock.now() - waited();
      await neighbour.until(/"sent":/);
      // By the machine's own record of when it said it.
      checkTime("told after its Hello", toldMs - Math.min(...neighbour.lines().flatMap((line) => ("sent" in line ? [line.atMs] : []))), FOUND_MS);
      assert.ok(shown.kind === "present");
      assert.is(shown.url, "https://192.168.10.21/api");
      assert.equal(shown.nameplate, JSON.parse(IDENTIFICATION));
      assert.equal(shown.certificates, [cert.replaceAll(/-----.*-----|\n/g, "")]);
      const refused = await field.told("cell-a", ({ endpoint }) => endpoint === "urn:uuid:2");
      assert.ok(refused.kind === "present");
      assert.is(refused.fault?.code, "CREDENTIALS_REFUSED");
      assert.is(refused.certificates?.length, 1);
      const asked = neighbour.lines().filter((line) => "asked" in line);
      assert.is(asked.length, 2);
      for (const { asked: text } of asked) assert.ok(!/authorization|cookie/i.test(text), text);
      assert.match(asked.map(({ asked: text }) => text).join(""), /GET \/api\/identification HTTP/);
    }, { needs: ["openssl"] });

    test("K2.2.3 a foreign computer is told with what it says of itself, and no driver", async (context) => {
      const cells = buildCells(context.defer, [CELL_B]);
      const wsdd = cells.start("b", "wsdd", ["--interface", "eth0", "--hostname", "PRESS-PC", "--workgroup", "SHOP", "--ipv4only", "--shortlog", "-v"]);
      context.defer(() => wsdd.kill("SIGTERM"));
      const field = await startField(context, cells, [DUTY_B]);
      const found = await field.told("cell-b", (report) => report.kind === "present" && report.device !== undefined);
      assert.ok(found.kind === "present");
      assert.is(found.driver, undefined);
      assert.match(JSON.stringify(found.device), /wsdd/);
      assert.match(found.types.join(" "), /Computer/);
      wsdd.kill("SIGTERM");
      await field.told("cell-b", ({ kind, endpoint }) => kind === "left" && endpoint === found.endpoint);
    }, { needs: ["wsdd"] });

    test("K2.2.3b a host that multicast does not reach is asked by UDP or by HTTP, and only within the segment's subnets", async (context) => {
      const cells = buildCells(context.defer, [CELL_A, CELL_B]);
      cells.run("b", "ip", ["route", "add", "default", "via", "192.168.11.1"]);
      const neighbour = await startNeighbour(context, cells, "b");
      await startMachines(context, cells, "b", "192.168.11.21");
      const matches = [machineTarget("urn:uuid:by-http", "http://192.168.11.21:8081/")];
      const answer = writeMessage({ version: "1.1", kind: "probeMatches", messageId: newId(), relatesTo: "{id}", sequence: undefined, matches }).toString("utf8");
      neighbour.order({ serve: "192.168.11.21", port: 8080, manner: "matches", body: answer });
      neighbour.order({ serve: "192.168.11.21", port: 8081, manner: "identify", body: IDENTIFICATION });
      await neighbour.until(/8081/);
      // The hosts of another wire, as behind a router.
      const duty = { ...DUTY_A, subnets: ["192.168.10.0/24", "192.168.11.0/24"], hosts: ["192.168.11.21", "http://192.168.11.21:8080/wsd", "http://192.168.12.1:8080/", "192.168.12.1"] };
      const field = await startField(context, cells, [duty]);
      const serialOf = (report: FoundReport): string | undefined => (report.kind === "present" && report.address === "192.168.11.21" ? report.nameplate?.serialNumber : undefined);
      await field.told("cell-a", (report) => serialOf(report) === "A1000");
      const byHttp = await field.told("cell-a", (report) => serialOf(report) === "4711");
      assert.is(byHttp.endpoint, "urn:uuid:by-http");
      await neighbour.until(/POST \/wsd HTTP/);
    });

    test("K2.2.3 machines find the gateway by its type, with its ingest ports, the same endpoint in each life; it says Hello and Bye, and answers nothing else", async (context) => {
      const cells = buildCells(context.defer, [CELL_A]);
      const neighbour = await startNeighbour(context, cells, "a");
      neighbour.order({ hear: "192.168.10.21", port: 3702, group: GROUP });
      await neighbour.until(/hear 192\.168\.10\.21 3702/);
      neighbour.order({ hear: "192.168.10.21", port: 5000 });
      await neighbour.until(/hear 192\.168\.10\.21 5000/);
      const field = await startField(context, cells, [{ ...DUTY_A, ingestTls: 8883, ingestPlain: 1883 }]);
      await neighbour.until(/\/Hello<.*urn:weir:gateway:1/);
      const probe = (types: readonly { namespace: string; name: string }[]): string => encode({ version: "1.1", kind: "probe", messageId: newId(), replyTo: undefined, types, filter: { scopes: [], matchBy: undefined } });
      const gateway = { namespace: "urn:weir:gateway:1", name: "Gateway" };
      neighbour.order({ send: [probe([gateway])], from: ["192.168.10.21"], fromPort: 5000, to: GROUP, port: 3702 });
      await neighbour.until(/"port":5000,"text":"[^\n]*mqtts:\/\/192\.168\.10\.1:8883 mqtt:\/\/192\.168\.10\.1:1883/);
      // Directly asked, too.
      neighbour.order({ send: [probe([gateway])], from: ["192.168.10.22"], fromPort: 5001, to: "192.168.10.1", port: 3702 });
      neighbour.order({ hear: "192.168.10.22", port: 5001 });
      const endpoints = (): readonly string[] => neighbour.lines().flatMap((line) => ("heard" in line ? [...line.text.matchAll(/urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}/g)].map(([text]) => text) : []));
      const endpoint = endpoints()[0];
      assert.ok(endpoint !== undefined);
      field.child.kill("SIGTERM");
      await neighbour.until(/\/Bye</);
      await field.child.exited;
      const second = cells.start("searcher", process.execPath, [weir, "start", "--zone", "field", "--data", field.core.dataDir]);
      const before = neighbour.lines().length;
      await until(() => neighbour.lines().slice(before).some((line) => "heard" in line && line.text.includes("/Hello<")), context.signal);
      assert.equal([...new Set(endpoints())], [endpoint]);
      second.kill("SIGTERM");
      await second.exited;
    });

    test("a segment whose interface has no address yet is searched as soon as it has one, and the zone reads on meanwhile", async (context) => {
      const cells = buildCells(context.defer, [CELL_A]);
      cells.run("searcher", "ip", ["address", "flush", "dev", "ot-a"]);
      await startMachines(context, cells, "a", "192.168.10.21");
      const field = await startField(context, cells, [DUTY_A]);
      await until(() => field.child.output().includes("not searched yet"), context.signal);
      cells.run("searcher", "ip", ["address", "add", "192.168.10.1/24", "dev", "ot-a"]);
      await field.told("cell-a", ({ kind }) => kind === "present");
    });
  },
  { needs: ["root", "netns"], limitMs: 60_000 },
);
