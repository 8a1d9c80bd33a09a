// The core's side for the uplink's tests: the real conduit server, with lanes in memory instead of the outbox.

import { createHash, randomUUID } from "node:crypto";

import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, Fault, type FaultReport } from "../../../drivers/contract/fault.ts";
import type { AuditMark } from "../../../firmware/conduit/audit.ts";
import { cloudConduit, LANES, type Lane, type LeaseHead } from "../../../firmware/conduit/cloud.ts";
import type { InputOf, ReplyOf } from "../../../firmware/conduit/route.ts";
import type { SeqRange } from "../../../firmware/conduit/shared.ts";
import { CloudSchema, type CloudLink } from "../../../firmware/config/cloud-section.ts";
import { runCloud } from "../../../firmware/cloud/main.ts";
import { TIMING, type Timing } from "../../../firmware/cloud/uplink/timing.ts";
import type { TaskProgress } from "../../../firmware/protocol/cloud-payloads.ts";
import { conduitSocket, prepareRunFolder } from "../../../firmware/runtime/conduit-path.ts";
import { serveConduit } from "../../../firmware/runtime/conduit-server.ts";
import { silentLog, type Log } from "../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import Value from "typebox/value";
import type { Defer } from "../../support/suite.ts";
import { makeTempDir } from "../../support/temp-dir.ts";

/** Times that suit a test on loopback. */
export const QUICK: Timing = { ...TIMING, stageMs: 3000, silenceMs: 10_000, unconfirmedMs: 30_000, retryFirstMs: 30, retryMaxMs: 200, refusedMs: 300, leaseWaitMs: 400, figuresMs: 100, auditMarkMs: 200, farewellMs: 500 };

export type Offer = InputOf<typeof cloudConduit.admitName>;
export type Verdict = ReplyOf<typeof cloudConduit.admitName>;

interface Entry {
  readonly range: SeqRange;
  readonly text: string;
}

export interface TestCore {
  readonly stream: string;
  /** Puts readings into a lane; they get the next sequence numbers and a pad to the given size. Returns their numbers. */
  add(lane: Lane, count: number, fields?: (seq: number) => object): readonly number[];
  readonly accepted: ReadonlySet<number>;
  readonly rejected: ReadonlyMap<number, string>;
  /** How many readings were settled as kept. */
  readonly kept: number;
  readonly waiting: number;
  readonly states: readonly { readonly state: string; readonly fault?: FaultReport }[];
  /** Why each document was not taken by the broker; empty for one that was. */
  readonly refused: ReadonlyMap<string, string>;
  setLink(link: CloudLink | null, secrets?: Record<string, string>): void;
  setInventory(document: unknown): void;
  /** Where the audit log ends from now on. */
  setAuditMark(mark: AuditMark): void;
  /** A task comes into this state. */
  setTask(progress: TaskProgress): void;
  /** Tasks whose present state is confirmed. */
  toldTasks(): readonly string[];
  /** What the zone resolved, in its order. */
  readonly offers: readonly Offer[];
  /** Who the zone asks for names; the system unless said. */
  setNameServers(servers: readonly string[]): void;
  /** What is answered to an offer from now on; nothing is refused unless said. */
  setJudge(judge: (offer: Offer) => Verdict | Promise<Verdict>): void;
  /** Polls what the test waits for; rejects with `what` when the signal aborts. */
  until(what: string, isSo: () => boolean, signal: AbortSignal): Promise<void>;
  /** Runs the cloud zone; the returned function stops it and waits. Stopped at the test's end in any case. */
  start(timing?: Partial<Timing>, log?: Log, clock?: Clock): () => Promise<void>;
}

export const GATEWAY = "hall/1";

/** A link with the schema's defaults. */
export function makeLink(url: string, fields: Record<string, unknown> = {}): CloudLink {
  const { batch = {}, ...rest } = fields;
  return Value.Parse(CloudSchema, { url, mqttVersion: "5", keepAliveSeconds: 240, compression: "none", order: "lanes", backlogPerSecond: 50_000, ...rest, batch: { maxCount: 1000, maxBytes: 131_072, lingerMs: 3, inFlight: 8, ...(batch as object) } });
}

export async function startCore(defer: Defer): Promise<TestCore> {
  const dataDir = makeTempDir(defer);
  const socket = conduitSocket(dataDir, "cloud");
  prepareRunFolder(socket);
  const store = makeStore();
  const server = await serveConduit(cloudConduit, store.handlers, { socket, log: silentLog });
  defer(() => server.close());
  const start: TestCore["start"] = (timing = {}, log = silentLog, clock = systemClock) => {
    const stop = new AbortController();
    const running = runCloud({ clock, log, dataDir, epoch: randomUUID(), ready: () => undefined }, { ...QUICK, ...timing }, stop.signal);
    let failure: unknown;
    running.catch((error: unknown) => (failure = error));
    const end = async (): Promise<void> => {
      stop.abort();
      await running.catch(() => undefined);
      if (failure !== undefined) throw asFault(failure);
    };
    defer(end);
    return end;
  };
  return Object.assign(store.face, { start });
}

function makeStore() {
  const stream = randomUUID();
  const lanes: Record<Lane, Entry[]> = { events: [], live: [], backlog: [] };
  const leased = new Map<number, Entry[]>();
  const accepted = new Set<number>();
  const rejected = new Map<number, string>();
  const states: { state: string; fault?: FaultReport }[] = [];
  const laneOf = new Map<number, Lane>();
  const refused = new Map<string, string>();
  let link: CloudLink | null = null;
  let secrets: Record<string, string> = {};
  let revision = 1;
  let inventory: { revision: number; document: unknown } = { revision: 1, document: { gateway: GATEWAY, assets: [] } };
  const tasks = new Map<string, { readonly change: number; readonly progress: TaskProgress; readonly isTold: boolean }>();
  let taskRevision = 1;
  let audit: AuditMark | undefined;
  let nextSeq = 1;
  const offers: Offer[] = [];
  let nameServers: string[] = [];
  let judge = (_: Offer): Verdict | Promise<Verdict> => ({ refused: [] });
  let nextLease = 1;
  let kept = 0;
  const poll = async (isDue: () => boolean, waitMs: number, signal: AbortSignal): Promise<void> => {
    for (const end = systemClock.uptimeMs() + waitMs; !isDue() && systemClock.uptimeMs() < end; ) {
      if (signal.aborted) throw new Fault("CANCELLED", "gone");
      await systemClock.sleep(2, signal);
    }
  };
  const isIn = (entry: Entry, ranges: readonly SeqRange[]): boolean => ranges.some(([first, last]) => entry.range[0] >= first && entry.range[1] <= last);
  const handlers = {
    link: async ({ after, waitMs }: { after: number; waitMs: number }, { signal }: { signal: AbortSignal }) => {
      await poll(() => revision > after, waitMs, signal);
      return { revision, logLevel: "info" as const, gateway: GATEWAY, version: "0.0.0", link, secrets, nameServers };
    },
    admitName: (offer: Offer) => {
      offers.push(offer);
      return judge(offer);
    },
    lease: async (request: { lane: Lane; maxCount: number; maxBytes: number; lingerMs: number; waitMs: number }, { signal }: { signal: AbortSignal }) => {
      const queue = lanes[request.lane];
      await poll(() => queue.length > 0, request.waitMs, signal);
      const taken: Entry[] = [];
      let bytes = 2;
      for (let [entry] = queue; entry !== undefined && taken.length < request.maxCount; [entry] = queue) {
        bytes += entry.text.length + 1;
        if (taken.length > 0 && bytes > request.maxBytes) break;
        taken.push(entry);
        queue.shift();
      }
      const lease = taken.length === 0 ? 0 : nextLease++;
      if (lease > 0) leased.set(lease, taken);
      const head: LeaseHead = { lease, stream, lane: request.lane, count: taken.length, ranges: joined(taken), waiting: queue.length };
      return { head, body: Buffer.from(`[${taken.map((entry) => entry.text).join(",")}]`) };
    },
    settle: ({ lease, stream: of, accepted: good, rejected: bad, kept: free }: { lease: number; stream: string; accepted: SeqRange[]; rejected: { range: SeqRange; reason: string }[]; kept: SeqRange[] }) => {
      const entries = leased.get(lease);
      if (entries === undefined || of !== stream) throw new Fault("INPUT_INVALID", `no lease ${lease}`);
      for (const entry of entries) {
        const verdict = bad.find(({ range }) => isIn(entry, [range]));
        if (isIn(entry, good)) accepted.add(entry.range[0]);
        else if (verdict !== undefined) rejected.set(entry.range[0], verdict.reason);
        else if (isIn(entry, free)) {
          kept += 1;
          const queue = lanes[laneOf.get(entry.range[0]) ?? "live"];
          queue.push(entry);
          queue.sort((a, b) => a.range[0] - b.range[0]);
        } else continue;
      }
      const rest = entries.filter((entry) => !isIn(entry, [...good, ...free, ...bad.map(({ range }) => range)]));
      if (rest.length === 0) leased.delete(lease);
      else leased.set(lease, rest);
      return {};
    },
    inventory: async ({ after, waitMs }: { after: number; waitMs: number }, { signal }: { signal: AbortSignal }) => {
      await poll(() => inventory.revision > after, waitMs, signal);
      const { revision: now, document } = inventory;
      const text = now === after ? "" : JSON.stringify(document);
      return { head: { revision: now, digest: createHash("sha256").update(text).digest("base64") }, body: Buffer.from(text) };
    },
    document: ({ document, fault }: { document: string; fault?: FaultReport }) => {
      refused.set(document, fault?.message ?? "");
      return {};
    },
    tasks: async ({ after, waitMs }: { after: number; waitMs: number }, { signal }: { signal: AbortSignal }) => {
      const isNews = (): boolean => [...tasks.values()].some(({ isTold }) => !isTold);
      await poll(() => taskRevision !== after || isNews(), waitMs, signal);
      return { revision: taskRevision, tasks: [...tasks.values()].filter(({ isTold }) => !isTold).map(({ change, progress }) => ({ id: progress.id, change, text: JSON.stringify(progress) })) };
    },
    taskTold: ({ id, change }: { id: string; change: number }) => {
      const task = tasks.get(id);
      if (task?.change === change) tasks.set(id, { ...task, isTold: true });
      return {};
    },
    alive: () => ({}),
    figures: () => ({ queued: Object.values(lanes).reduce((sum, queue) => sum + queue.length, 0), dropped: 0, rejected: rejected.size, oldestSeconds: null, ...(audit === undefined ? {} : { audit }) }),
    state: (state: { state: string; fault?: FaultReport }) => {
      states.push(state);
      return {};
    },
  };
  const face: Omit<TestCore, "start"> = {
    stream,
    add: (lane, count, fields = () => ({})) => {
      const numbers: number[] = [];
      for (let index = 0; index < count; index += 1) {
        const seq = nextSeq++;
        laneOf.set(seq, lane);
        const time = "2026-01-01T00:00:00.000Z";
        lanes[lane].push({ range: [seq, seq], text: JSON.stringify({ seq, asset: "urn:weir:test:press:1", point: "count", value: seq, quality: "good", sourceTime: time, gatewayTime: time, ...fields(seq) }) });
        numbers.push(seq);
      }
      return numbers;
    },
    setAuditMark: (mark) => void (audit = mark),
    accepted,
    rejected,
    get kept() {
      return kept;
    },
    get waiting() {
      return LANES.reduce((sum, lane) => sum + lanes[lane].length, 0);
    },
    states,
    refused,
    setLink: (next, nextSecrets = {}) => {
      link = next;
      secrets = nextSecrets;
      revision += 1;
    },
    offers,
    setNameServers: (servers) => {
      nameServers = [...servers];
      revision += 1;
    },
    setJudge: (next) => void (judge = next),
    setInventory: (document) => void (inventory = { revision: inventory.revision + 1, document }),
    setTask: (progress) => void tasks.set(progress.id, { change: (taskRevision += 1), progress, isTold: false }),
    toldTasks: () => [...tasks.values()].filter(({ isTold }) => isTold).map(({ progress }) => progress.id),
    until: async (what, isSo, signal) => {
      while (!isSo()) await systemClock.sleep(5, signal).catch(() => Promise.reject(new Error(`it did not come to: ${what}; states ${JSON.stringify(states.slice(-3))}; accepted ${accepted.size}, rejected ${rejected.size}, kept ${kept}`)));
    },
  };
  return { handlers, face };
}

function joined(entries: readonly Entry[]): SeqRange[] {
  const ranges: SeqRange[] = [];
  for (const { range } of entries) {
    const before = ranges.at(-1);
    if (before !== undefined && range[0] === before[1] + 1) before[1] = range[1];
    else ranges.push([...range]);
  }
  return ranges;
}
