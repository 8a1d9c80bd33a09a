// Core's side of the source conduit for tests: the real server, with handlers that keep what they get and may hold back or refuse.

import { randomUUID } from "node:crypto";
import { assetIdOf } from "../../../drivers/contract/identity.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import { isEvent, type Reading, type Sample } from "../../../drivers/contract/reading.ts";
import type { InputOf } from "../../../firmware/conduit/route.ts";
import { sourceConduit, type FoundReport, type Assignment, type IngestTls, type SegmentDuty } from "../../../firmware/conduit/source.ts";
import { field } from "../../../firmware/field/main.ts";
import { serveConduit, type ConduitServer } from "../../../firmware/runtime/conduit-server.ts";
import { conduitSocket, prepareRunFolder } from "../../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { completeMikoConfig } from "../../../drivers/miko/config.ts";
import type { Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

type Link = InputOf<typeof sourceConduit.link>;

export interface FakeCore {
  readonly dataDir: string;
  readonly readings: Reading[];
  /** Readings per request. */
  readonly batches: number[];
  readonly links: Link[];
  readonly quarantined: InputOf<typeof sourceConduit.quarantine>[];
  readonly identified: InputOf<typeof sourceConduit.identify>[];
  readonly pages: InputOf<typeof sourceConduit.points>[];
  readonly cursors: Record<string, string>;
  /** What the ingest endpoint told of itself, and of peers. */
  /** What it was told of segments, in order. */
  readonly found: { readonly segment: string; readonly report: FoundReport }[];
  readonly standings: InputOf<typeof sourceConduit.ingest>[];
  readonly peers: InputOf<typeof sourceConduit.peer>["fault"][];
  /** Told with the next `assign`. */
  segments: readonly SegmentDuty[];
  ingestTls: IngestTls | undefined;
  /** Called before a batch is taken; may wait or throw. */
  beforeReadings: (readings: readonly Reading[]) => Promise<void>;
  /** Called before a link report is answered; may wait. */
  beforeLink: (report: Link) => Promise<void>;
  accepts: boolean;
  /** Its revision is another one, as after a restart. */
  beginAnew(): void;
  assign(assignments: readonly Assignment[]): void;
  of(asset: string): Sample[];
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startCore(defer: Defer): Promise<FakeCore> {
  const dataDir = makeTempDir(defer);
  const socket = conduitSocket(dataDir, "source-field");
  prepareRunFolder(socket);
  let revision = 1;
  let assignments: readonly Assignment[] = [];
  let server: ConduitServer | undefined;
  const wakers = new Set<() => void>();
  const core: FakeCore = {
    dataDir,
    readings: [],
    batches: [],
    links: [],
    quarantined: [],
    identified: [],
    pages: [],
    cursors: {},
    standings: [],
    found: [],
    peers: [],
    segments: [],
    ingestTls: undefined,
    beforeReadings: async () => undefined,
    beforeLink: async () => undefined,
    accepts: true,
    beginAnew: () => void (revision += 1000),
    assign: (next) => {
      assignments = next;
      revision += 1;
      for (const wake of wakers) wake();
    },
    of: (asset) => core.readings.filter((reading): reading is Sample => !isEvent(reading) && reading.asset === asset),
    stop: async () => server?.close(),
    start: async () => {
      server = await serveConduit(sourceConduit, handlers, { socket, log: silentLog });
    },
  };
  const handlers: Parameters<typeof serveConduit<typeof sourceConduit>>[1] = {
    alive: () => ({}),
    orders: async ({ waitMs }, { signal }) => {
      await systemClock.sleep(waitMs, signal);
      return { revision: 1, orders: [] };
    },
    orderProgress: () => ({ isCancelled: false }),
    found: ({ segment, reports }) => {
      core.found.push(...reports.map((report) => ({ segment, report })));
      return {};
    },
    ingest: (standing) => {
      core.standings.push(standing);
      return {};
    },
    peer: ({ fault }) => {
      core.peers.push(fault);
      return {};
    },
    assignments: async ({ after, waitMs }, { signal }) => {
      if (after === revision) {
        await new Promise<void>((resolve, reject) => {
          const stop = systemClock.after(waitMs, resolve);
          wakers.add(() => {
            stop();
            resolve();
          });
          signal.addEventListener("abort", () => {
            stop();
            reject(new Fault("CANCELLED", "gone"));
          });
        });
      }
      return { revision, logLevel: "info", assignments: [...assignments], segments: [...core.segments], ...(core.ingestTls === undefined ? {} : { ingestTls: core.ingestTls }) };
    },
    identify: (found) => {
      core.identified.push(found);
      const accepted = core.accepts ? found.assets.map(({ nameplate }) => assetIdOf(nameplate)) : [];
      return { accepted, wanted: accepted, cursors: { ...core.cursors } };
    },
    points: (page) => {
      core.pages.push(page);
      return { isInForce: page.isLast };
    },
    readings: async ({ readings, cursors = [] }) => {
      await core.beforeReadings(readings);
      core.readings.push(...readings);
      core.batches.push(readings.length);
      for (const { asset, cursor } of cursors) core.cursors[asset] = cursor;
      return { accepted: readings.length, repeated: 0, quarantined: 0 };
    },
    quarantine: (payload) => {
      core.quarantined.push(payload);
      return {};
    },
    link: async (report) => {
      await core.beforeLink(report);
      core.links.push(report);
      return {};
    },
  };
  await core.start();
  defer(() => core.stop());
  return core;
}

/** Runs the zone against the core; it ends with the test or when the returned function is called. */
export function runField(core: FakeCore, defer: Defer, signal: AbortSignal): () => Promise<void> {
  const abort = new AbortController();
  const ended = field.run({ clock: systemClock, log: silentLog, dataDir: core.dataDir, epoch: randomUUID(), ready: () => undefined }, AbortSignal.any([signal, abort.signal]));
  const stop = (): Promise<void> => {
    abort.abort();
    return ended;
  };
  defer(stop);
  return stop;
}

export function assignMiko(name: string, url: string, written: object = {}): Assignment {
  return { name, driver: "miko", config: completeMikoConfig({ url, ...written }, name), segment: [], secrets: {}, cursors: {} };
}
