// The zone field as a process of its own in a searcher's namespace, with core's side of its conduit in the test; and neighbours that are told what to send.

import { join } from "node:path";
import type { FoundReport, PresentReport, SegmentDuty } from "../../../../firmware/conduit/source.ts";
import { writeMessage } from "../../../../firmware/protocol/ws-discovery/write-message.ts";
import type { WsdMessage, Target } from "../../../../firmware/protocol/ws-discovery/message.ts";
import { weir } from "../../../support/gateway.ts";
import type { Child } from "../../../support/child.ts";
import type { TestContext } from "../../../support/suite.ts";
import { until } from "../../../drivers/miko/until.ts";
import { startCore, type FakeCore } from "../fake-core.ts";
import type { NeighbourLine, NeighbourOrder } from "./neighbour.ts";
import type { Cell, Cells } from "./wire.ts";

export const CELL_A: Cell = { name: "a", wire: "ot-a", searcher: ["192.168.10.1/24", "fd00:a::1/64"], hosts: ["192.168.10.21/24", "fd00:a::21/64", "192.168.10.22/24"] };
export const CELL_B: Cell = { name: "b", wire: "ot-b", searcher: ["192.168.11.1/24"], hosts: ["192.168.11.21/24"] };
export const DUTY_A: SegmentDuty = { name: "cell-a", interface: "ot-a", subnets: ["192.168.10.0/24", "fd00:a::/64"], probePort: 37_020, hosts: [] };
export const DUTY_B: SegmentDuty = { name: "cell-b", interface: "ot-b", subnets: ["192.168.11.0/24"], probePort: 37_021, hosts: [] };

export interface FieldUnderTest {
  readonly core: FakeCore;
  readonly child: Child;
  /** The newest report about each target of a segment, by address and endpoint. */
  newest(segment: string): readonly FoundReport[];
  present(segment: string): readonly PresentReport[];
  /** Until a report of the segment is as it should be. */
  told(segment: string, isSo: (report: FoundReport) => boolean): Promise<FoundReport>;
}

export async function startField({ defer, signal }: TestContext, cells: Cells, duties: readonly SegmentDuty[]): Promise<FieldUnderTest> {
  const core = await startCore(defer);
  core.segments = duties;
  // As its unit starts it.
  const child = cells.start("searcher", process.execPath, ["--max-semi-space-size=4", weir, "start", "--zone", "field", "--data", core.dataDir]);
  const newest = (segment: string): readonly FoundReport[] => [...new Map(core.found.filter((one) => one.segment === segment).map(({ report }) => [`${report.address} ${report.endpoint}`, report])).values()];
  return {
    core,
    child,
    newest,
    present: (segment) => newest(segment).filter((report) => report.kind === "present"),
    async told(segment, isSo) {
      const find = (): FoundReport | undefined => core.found.findLast((one) => one.segment === segment && isSo(one.report))?.report;
      await until(() => find() !== undefined, signal).catch((error: unknown) => {
        throw new Error(`core was told ${JSON.stringify(newest(segment)).slice(0, 4000)}; field says ${child.output().slice(-2000)}`, { cause: error });
      });
      return find() as FoundReport;
    },
  };
}

export interface Neighbour {
  order(order: NeighbourOrder): void;
  /** All that it printed so far. */
  lines(): readonly NeighbourLine[];
  /** Until so much of what is asked for was printed. */
  until(pattern: RegExp): Promise<void>;
}

export function startNeighbour(context: TestContext, cells: Cells, cell: string): Promise<Neighbour> {
  return startNeighbourIn(context, ([program = "", ...args]) => cells.start(cell, program, args));
}

/** `start` runs a program, with its arguments, where the neighbour stands. */
export async function startNeighbourIn({ signal }: TestContext, start: (command: readonly string[]) => Child): Promise<Neighbour> {
  const child = start([process.execPath, join(import.meta.dirname, "neighbour.ts")]);
  await child.line(/"ready":"neighbour"/, signal);
  return {
    order: (order) => child.write(`${JSON.stringify(order)}\n`),
    lines: () => child.output().split("\n").slice(0, -1).filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as NeighbourLine),
    until: async (pattern) => void (await child.line(pattern, signal)),
  };
}

export const MACHINE_TYPE = { namespace: "urn:weir:miko:1", name: "MachineServer" };

let lastId = 0;

/** A message id that no other message has. */
export function newId(): string {
  lastId += 1;
  return `urn:uuid:00000000-0000-4000-8000-${lastId.toString(16).padStart(12, "0")}`;
}

export function machineTarget(endpoint: string, ...xaddrs: readonly string[]): Target {
  return { endpoint, types: [MACHINE_TYPE], scopes: [], xaddrs, metadataVersion: 1 };
}

export function hello(target: Target): string {
  return encode({ version: "1.1", kind: "hello", messageId: newId(), sequence: undefined, target });
}

export function bye(endpoint: string): string {
  return encode({ version: "1.1", kind: "bye", messageId: newId(), sequence: undefined, endpoint });
}

export function encode(message: WsdMessage): string {
  return writeMessage(message).toString("base64");
}

export const IDENTIFICATION = JSON.stringify({ manufacturer: "Test Works", model: "Cutter 7", serialNumber: "4711" });
export const GROUP = "239.255.255.250";
