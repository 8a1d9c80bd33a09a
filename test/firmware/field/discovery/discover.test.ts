// limit: 120s
// Shows that `weir discover` finds what is on its segments, and only that: a foreign responder, our simulated machines, both families.

import { weir } from "../../../support/gateway.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { TestContext } from "../../../support/suite.ts";
import { buildCells } from "./wire.ts";
import type { Cell, Cells } from "./wire.ts";

const CELL_A: Cell = { name: "a", wire: "ot-a", searcher: ["192.168.10.1/24", "fd00:a::1/64"], hosts: ["192.168.10.21/24", "fd00:a::21/64", "192.168.10.22/24"] };
const CELL_B: Cell = { name: "b", wire: "ot-b", searcher: ["192.168.11.1/24"], hosts: ["192.168.11.21/24"] };

interface Line {
  readonly interface: string;
  readonly address: string;
  readonly endpoint: string;
  readonly types: readonly { readonly namespace: string; readonly name: string }[];
  readonly scopes: readonly string[];
  readonly xaddrs: readonly string[];
  readonly versions: readonly string[];
  readonly metadata?: object;
}

async function discover(cells: Cells, ...more: string[]): Promise<{ readonly found: readonly Line[]; readonly output: string }> {
  const child = cells.start("searcher", process.execPath, [weir, "discover", "--json", ...more]);
  assert.is((await child.exited).code, 0, child.output());
  const lines = child.output().split("\n").filter((line) => line.startsWith("{"));
  return { found: lines.map((line) => JSON.parse(line) as Line), output: child.output() };
}

/** On a loaded machine one call may end before the answers are there. */
async function discoverAll(cells: Cells, count: number, ...more: string[]): Promise<readonly Line[]> {
  for (let call = 0; ; call += 1) {
    const { found } = await discover(cells, "--timeout", "2s", ...more);
    if (found.length >= count || call === 10) return found;
  }
}

async function startMachines({ signal }: TestContext, cells: Cells, cell: string, host: string, ...more: string[]): Promise<ReturnType<Cells["start"]>> {
  const child = cells.start(cell, process.execPath, [weir, "simulate", "machine", "--host", host, "--rate", "1", "--discoverable", ...more]);
  await child.line(/"machine":/, signal);
  return child;
}

suite(
  "weir discover",
  (test) => {
    test("K1.7a K2.2.3 finds the machines of every segment with their address, type, serial number and Request interface, each on its own segment", async (context) => {
      const cells = buildCells(context.defer, [CELL_A, CELL_B]);
      await startMachines(context, cells, "a", "192.168.10.21", "--count", "2");
      await startMachines(context, cells, "b", "192.168.11.21", "--count", "1", "--first", "7");
      const found = await discoverAll(cells, 3);
      const seen = found.map(({ interface: wire, address, scopes }) => `${wire} ${address} ${scopes.join(" ")}`).toSorted();
      assert.equal(seen, ["ot-a 192.168.10.21 urn:weir:serial:A1000", "ot-a 192.168.10.21 urn:weir:serial:A1001", "ot-b 192.168.11.21 urn:weir:serial:A1007"]);
      for (const { types, versions, xaddrs, address } of found) {
        assert.equal(types, [{ namespace: "urn:weir:miko:1", name: "MachineServer" }]);
        assert.equal(versions, ["1.1", "2005/04"]);
        assert.match(xaddrs[0] ?? "", `http://${address}:`);
      }
      const onB = await discoverAll(cells, 1, "--interface", "ot-b");
      assert.equal(onB.map(({ scopes }) => scopes), [["urn:weir:serial:A1007"]]);
    });
    test("K1.7a finds a machine over IPv6", async (context) => {
      const cells = buildCells(context.defer, [CELL_A]);
      await startMachines(context, cells, "a", "fd00:a::21");
      const found = await discoverAll(cells, 1);
      assert.equal(found.map(({ address }) => address), ["fd00:a::21"]);
    });
    test("K2.2.3 finds a foreign responder, which answers only where its type is named, and reads its metadata", async (context) => {
      const cells = buildCells(context.defer, [CELL_B]);
      const wsdd = cells.start("b", "wsdd", ["--interface", "eth0", "--hostname", "PRESS-PC", "--workgroup", "SHOP", "--ipv4only", "--shortlog", "-v"]);
      context.defer(() => wsdd.kill("SIGTERM"));
      // It may not listen yet in the first call, and its Hello names no type: the search is what waits.
      let found: readonly Line[] = [];
      for (let call = 0; call < 10 && (found[0]?.types ?? []).length === 0; call += 1) ({ found } = await discover(cells, "--timeout", "2s"));
      assert.is(found.length, 1, wsdd.output());
      const [computer] = found;
      assert.ok(computer?.types.some(({ name }) => name === "Computer"), JSON.stringify(computer));
      assert.is(computer?.address, "192.168.11.21");
      assert.match(computer?.xaddrs[0] ?? "", /^http:\/\/192\.168\.11\.21:5357\//);
      assert.match(JSON.stringify(computer?.metadata), /WSD/);
    });
    test("K2.2.3b asks a host in another segment by itself, where multicast does not reach it", async (context) => {
      const cells = buildCells(context.defer, [CELL_A, CELL_B]);
      cells.run("b", "ip", ["route", "add", "default", "via", "192.168.11.1"]);
      await startMachines(context, cells, "b", "192.168.11.21");
      const silent = await discover(cells, "--timeout", "2s", "--interface", "ot-a");
      assert.equal(silent.found, []);
      assert.match(silent.output, /Nothing answered on ot-a/);
      const found = await discoverAll(cells, 1, "--interface", "ot-a", "--host", "192.168.11.21");
      assert.equal(found.map(({ address }) => address), ["192.168.11.21"]);
    });
    test("wrong words are refused with what there is", async (context) => {
      const cells = buildCells(context.defer, [CELL_A]);
      const child = cells.start("searcher", process.execPath, [weir, "discover", "--interface", "eth7"]);
      assert.is((await child.exited).code, 2);
      assert.match(child.output(), /no interface "eth7".*ot-a/s);
      const late = cells.start("searcher", process.execPath, [weir, "discover", "--timeout", "5 hours"]);
      assert.is((await late.exited).code, 2);
      assert.match(late.output(), /such as 5s/);
    });
  },
  { needs: ["root", "netns", "wsdd"], limitMs: 60_000 },
);
