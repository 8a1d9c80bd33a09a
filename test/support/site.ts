// What stands on both sides of a gateway under test: simulated machines, a cloud, and the ledgers that are compared.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

import { systemClock } from "../../firmware/runtime/system-clock.ts";
import { makeCollector } from "../../firmware/simulator/collector.ts";
import { compareLedgers, type Comparison } from "../../firmware/simulator/ledger-compare.ts";
import { openLedger } from "../../firmware/simulator/ledger-file.ts";
import { parseLine, textLines, type LedgerLine } from "../../firmware/simulator/ledger-lines.ts";
import * as assert from "./assert.ts";
import type { TestContext } from "./attempt.ts";
import { startChild, type Child } from "./child.ts";
import { findFreePort } from "./free-port.ts";
import { until, weir, type GatewayUnderTest } from "./gateway.ts";
import { startIngressTap } from "./ingress-tap.ts";
import { startMosquitto, type Mosquitto } from "./mosquitto.ts";

export interface MachinesOptions {
  readonly count: number;
  /** Readings per second of each. */
  readonly rate: number;
  /** Events per minute of each; 60 unless said. */
  readonly events?: number;
  /** Further options of `weir simulate machine`. */
  readonly more?: readonly string[];
  /** Begins the names of its files; `machines` unless said. */
  readonly name?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface MachineFigures {
  readonly made: number;
  readonly acknowledged: number;
  readonly dropped: number;
  readonly pending: number;
}

export interface SimulatedMachines {
  readonly child: Child;
  /** Appended to by each start with the same name. */
  readonly ledger: string;
  /** The section `assets` that reads them. */
  readonly assets: readonly { readonly name: string }[];
  /** Not older than a tenth of a second. */
  figures(): MachineFigures;
  /** Until so many more readings are acknowledged than when it was called. */
  untilAcknowledged(more: number, limitMs?: number): Promise<void>;
  /** No new readings from now on; resolves when none waits for its acknowledgement any more. */
  finish(): Promise<void>;
  /** Ends the program; its ledger is complete afterwards. */
  stop(): Promise<void>;
}

const none: MachineFigures = { made: 0, acknowledged: 0, dropped: 0, pending: 0 };

/** `weir simulate machine`; resolves when all of them are ready. */
export async function startMachines({ defer, signal }: TestContext, folder: string, options: MachinesOptions): Promise<SimulatedMachines> {
  const name = options.name ?? "machines";
  const ledger = join(folder, `${name}.ndjson`);
  const assetsFile = join(folder, `${name}-assets.yaml`);
  const args = ["simulate", "machine", "--count", String(options.count), "--rate", String(options.rate), "--events-per-minute", String(options.events ?? 60), "--report", "100"];
  const child = startChild(defer, process.execPath, [weir, ...args, "--ledger", ledger, "--write-config", assetsFile, ...(options.more ?? [])], options.env === undefined ? {} : { env: options.env });
  await child.line(new RegExp(`(?:\\{"machine".*\\n){${options.count}}`), signal);
  const figures = (): MachineFigures => newestFigures(child) ?? none;
  return {
    child,
    ledger,
    assets: (parse(readFileSync(assetsFile, "utf8")) as { assets: { name: string }[] }).assets,
    figures,
    async untilAcknowledged(more, limitMs) {
      const before = figures().acknowledged;
      await until(`${more} more readings are acknowledged`, signal, () => figures().acknowledged >= before + more, limitMs);
    },
    async finish() {
      child.kill("SIGUSR2");
      await child.line(/\{"paused":.*\n/, signal);
      // Only a whole report after the pause counts: under load, too, nothing may wait for a moment.
      const { made } = figures();
      const reports = (): number => child.output().split('{"figures":').length;
      const before = reports();
      await until(`each of ${made} readings and more is acknowledged`, signal, () => reports() > before + 1 && figures().pending === 0);
    },
    async stop() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

function newestFigures(child: Child): MachineFigures | undefined {
  const output = child.output();
  const start = output.lastIndexOf('{"figures":', output.lastIndexOf("\n"));
  if (start < 0) return undefined;
  return (JSON.parse(output.slice(start, output.indexOf("\n", start))) as { figures: MachineFigures }).figures;
}

export interface CloudSide {
  /** What the broker confirmed at its ingress, whatever it forgets later. Read it after `flush`. */
  readonly ledger: string;
  readonly broker: Mosquitto;
  /** Where the gateway connects. */
  readonly port: number;
  /** The section `cloud` that reaches it. */
  readonly section: { readonly url: string };
  /** The broker goes: connections are refused. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** Afterwards the ledger's file has all that the gateway knows as confirmed. Throws where a message was no telemetry of this version. */
  flush(): void;
}

/** mosquitto, which keeps nothing on disk, behind a tap that writes down what it confirmed. Declare `needs: ["mosquitto"]`. */
export async function startCloudSide({ defer, signal }: TestContext, folder: string, logType = "error"): Promise<CloudSide> {
  const ledger = join(folder, "cloud.ndjson");
  const broker = await startMosquitto(defer, signal, { global: ["allow_anonymous true", "persistence false"], logType });
  const lines = openLedger(ledger);
  defer(lines.close);
  const collector = makeCollector(systemClock, lines);
  // Not the kernel's choice: another program could be given it while it is closed.
  const port = await findFreePort();
  let tap = await startIngressTap(broker.port, collector.take, port);
  defer(() => tap.close());
  return {
    ledger,
    broker,
    port,
    section: { url: `mqtt://127.0.0.1:${port}` },
    async down() {
      await broker.stop();
      await tap.close();
    },
    async up() {
      await broker.restart(signal);
      tap = await startIngressTap(broker.port, collector.take, port);
    },
    flush() {
      lines.flush();
      assert.is(collector.figures().unreadable, 0, "messages that cannot be read");
    },
  };
}

export interface Site {
  readonly gateway: GatewayUnderTest;
  readonly machines: readonly SimulatedMachines[];
  readonly cloud: CloudSide;
}

/** Ends the load, waits until everything is delivered, and compares the ledgers. The gateway runs on, the machines do not. */
export async function settleAccounts({ gateway, machines, cloud }: Site): Promise<Comparison> {
  for (const some of machines) await some.finish();
  await gateway.until("the outbox is empty", ({ outbox }) => outbox.queued === 0, 120_000);
  cloud.flush();
  for (const some of machines) await some.stop();
  return compareLedgers([...new Set(machines.map(({ ledger }) => ledger))], [cloud.ledger]);
}

/** The lines of a ledger. For small ones. */
export function readLedger(path: string): readonly LedgerLine[] {
  return [...textLines(path)].map(parseLine);
}
