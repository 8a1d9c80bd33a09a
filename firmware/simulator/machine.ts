// One simulated wire-processing machine: its Request interface, its own broker, and what it says.

import type { AddressInfo } from "node:net";
import type { Server } from "node:http";
import type { Clock } from "../../drivers/contract/clock.ts";
import { assetIdOf, type AssetId, type Nameplate } from "../../drivers/contract/identity.ts";
import type { LedgerFile } from "./ledger-file.ts";
import { startMachineBroker, type MachineBroker } from "./machine-broker.ts";
import { makeRequestServer, problem, type Answer, type RequestInterface } from "./machine-http.ts";
import { makeMachineOutput, sampleLabel, type LivePoint, type MachineFigures, type MachineOutput, type OutputOptions } from "./machine-output.ts";
import { startUplink, type PublishOptions } from "./machine-uplink.ts";

export interface MachineOptions extends Omit<OutputOptions, "asset" | "eventPrefix" | "root"> {
  /** 0, 1, 2, …: part of the serial number and of the seed. */
  readonly index: number;
  readonly host: string;
  /** Port of the Request interface, the broker has the next; 0: any free ones. */
  readonly port: number;
  /** As its nameplate says; `Weir Simulation` where none is given. */
  readonly manufacturer?: string;
  /** To publish to the gateway; without it the machine has a broker of its own. */
  readonly publish?: PublishOptions;
}

export interface Machine {
  readonly asset: AssetId;
  readonly serial: string;
  /** Base URL of the Request interface. */
  readonly url: string;
  /** Where it publishes: its own broker, or the gateway. */
  readonly publishUrl: string;
  readonly figures: MachineFigures;
  /** Makes and sends what is due. Called every few milliseconds. */
  tick(): void;
  /** Stops making readings; what waits is still sent. */
  pause(): void;
  /** Readings made and not acknowledged yet. */
  pending(): number;
  /** Writes what was never acknowledged into the ledger and closes both ports. */
  close(): Promise<void>;
}

/** Starts listening. Throws the system's error when a port is taken. */
export async function startMachine(options: MachineOptions, clock: Clock, ledger: LedgerFile): Promise<Machine> {
  const nameplate = nameplateOf(options);
  const serial = nameplate.serialNumber;
  const asset = assetIdOf(nameplate);
  const root = `miko/v1/${serial}`;
  const eventPrefix = `${serial}-${Math.floor(clock.now() / 1000).toString(36)}-`;
  const output = makeMachineOutput({ ...options, asset, root, eventPrefix, seed: options.seed * 7919 + options.index }, clock, ledger);
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  const way = await openWay(options, serial, output, clock);
  const publishUrl = options.publish?.url ?? `mqtt://${host}:${way.port}`;
  const server = makeRequestServer(requestInterface(nameplate, output, ledger, { url: publishUrl, root }));
  try {
    await listen(server, options);
  } catch (error) {
    await way.close();
    throw error;
  }
  const { figures, pause } = output;
  return {
    asset,
    serial,
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    publishUrl,
    figures,
    pause,
    pending: () => figures.made - figures.acknowledged - figures.dropped,
    tick() {
      output.makeDue(way.hasSession());
      output.fillWindow();
    },
    async close() {
      server.closeAllConnections();
      await Promise.all([way.close(), new Promise((resolve) => server.close(resolve))]);
      output.giveUp();
    },
  };
}

/** Over which its messages leave. */
async function openWay({ host, port, publish }: MachineOptions, serial: string, output: MachineOutput, clock: Clock): Promise<Pick<MachineBroker, "port" | "hasSession" | "close">> {
  const { session, fillWindow: roomMade } = output;
  const greet = (): void => output.offerStatus("producing");
  if (publish !== undefined) return { port: 0, ...startUplink({ publish, serial, host, session, connected: greet, roomMade }, clock) };
  return startMachineBroker({ host, port: port === 0 ? 0 : port + 1, session, subscribed: greet, roomMade });
}

function listen(server: Server, { host, port }: MachineOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}

function nameplateOf({ index, manufacturer = "Weir Simulation" }: MachineOptions): Nameplate {
  return { manufacturer, model: "Alpha 550", serialNumber: `A${String(1000 + index)}`, softwareRevision: "7.4.1", deviceClass: "WireProcessing" };
}

function requestInterface(nameplate: Nameplate, { points, events }: MachineOutput, ledger: LedgerFile, publish: object): RequestInterface {
  // What was given out in an answer may come to the cloud too: the ledger says so, as it was never acknowledged.
  const readPoint = (point: LivePoint): string => {
    ledger.add(`${sampleLabel(point)},"read":true}`);
    return `"value":${point.value},"quality":"good","time":"${point.time}"}`;
  };
  return {
    identification: () => JSON.stringify(nameplate),
    points: () => `{"points":[${points.map((point) => `${specText(point)},${readPoint(point)}`).join(",")}]}`,
    point(id) {
      const point = points.find(({ model }) => model.id === id);
      return point === undefined ? undefined : `{${readPoint(point)}`;
    },
    write: (id, value) => writePoint(points, id, value),
    events(after) {
      const known = after === undefined ? -1 : events.findIndex(({ id }) => id === after);
      const later = events.slice(known + 1);
      for (const { label } of later) ledger.add(`${label},"read":true}`);
      return `{"events":[${later.map(({ json }) => json).join(",")}]}`;
    },
    publish: () => JSON.stringify(publish),
  };
}

function specText({ model: { id, name, unit, dataType, access } }: LivePoint): string {
  return JSON.stringify({ id, name, unit, dataType, access }).slice(0, -1);
}

function writePoint(points: readonly LivePoint[], id: string, value: unknown): Answer {
  const point = points.find(({ model }) => model.id === id);
  if (point?.model.refusal === undefined) return problem(403, "Forbidden", `The point ${id} is read only.`);
  const refusal = point.model.refusal(value);
  if (refusal !== undefined) return problem(422, "Unprocessable Content", refusal);
  point.written = JSON.stringify(value);
  return { status: 204 };
}
