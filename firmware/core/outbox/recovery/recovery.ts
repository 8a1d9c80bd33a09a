// Brings what can be read of damaged databases into the present one, in slices, while the outbox works.

import { adoptFindings } from "./adopt.ts";
import { Findings } from "./findings.ts";
import { PageFile, type NumberedPage } from "./page-file.ts";
import { readRecords, type RawRecord } from "./records.ts";
import type { DropEvent } from "../contract.ts";
import { finishDamaged, pendingDamaged } from "../database.ts";
import type { GroupCommit } from "../group-commit.ts";
import { Fault } from "../../../../drivers/contract/fault.ts";
import { RangeSet, type Range } from "../range-set.ts";
import { checksum } from "../reading-text.ts";
import { recordHoles } from "../retention.ts";
import { SPAN } from "../schema.ts";
import type { Store } from "../store.ts";
import type { Stream } from "../stream.ts";

const ROWS_PER_SLICE = 1000;
const IDS_PER_SLICE = 5000;

export interface RecoveryParts {
  readonly file: string;
  readonly store: () => Store;
  readonly commits: GroupCommit;
  /** The destination of readings whose stream is known by nothing but its number. */
  readonly fallback: () => string;
  /** Before each slice: resolves when there is room for it. */
  readonly room: (signal: AbortSignal) => Promise<void>;
  readonly lost: (events: readonly DropEvent[]) => void;
  readonly finished: (file: string, rows: number) => void;
}

interface Candidate {
  readonly stream: Stream;
  readonly seq: number;
  readonly kind: number;
  readonly timeMs: number;
  readonly key: number | null;
  readonly body: string;
}

/** Recovers all files that wait for it, one after the other; then the old streams may be drained. Rejects when the signal aborts. */
export async function recoverAll(parts: RecoveryParts, signal: AbortSignal): Promise<void> {
  const done: string[] = [];
  for (const damaged of pendingDamaged(parts.file)) {
    const pages = new PageFile(damaged);
    try {
      const streams = await recoverPositions(parts, pages, signal);
      const rows = await recoverReadings(parts, pages, streams, signal);
      parts.finished(damaged, rows);
    } finally {
      pages.close();
    }
    done.push(damaged);
  }
  for (const stream of Array.from(parts.store().streams.values())) if (stream.state === "recovering") await endRecovery(parts, stream, signal);
  await rememberRecovered(parts, signal);
  for (const damaged of done) finishDamaged(parts.file, damaged);
}

/** First pass: what the small tables say. */
async function recoverPositions({ store, commits, fallback }: RecoveryParts, pages: PageFile, signal: AbortSignal): Promise<Map<number, Stream>> {
  const findings = new Findings();
  for (let step = 0; step < pages.steps; step += 1) {
    for (const { page, isCommitted } of pages.step(step)) {
      for (const record of readRecords(page, (number) => pages.page(number))) {
        // A page belongs to one table: the readings are for the second pass.
        if (isReading(record)) break;
        findings.takeRecord(record, isCommitted);
      }
    }
    await breathe(signal);
  }
  return commits.submit({ bytes: 0, rows: ROWS_PER_SLICE, run: () => adoptFindings(store(), findings, fallback()) });
}

/** Second pass: every reading that its checksum confirms. Returns how many. */
async function recoverReadings(parts: RecoveryParts, pages: PageFile, streams: Map<number, Stream>, signal: AbortSignal): Promise<number> {
  let rows = 0;
  let slice: Candidate[] = [];
  const flush = async (): Promise<void> => {
    const candidates = slice;
    slice = [];
    if (candidates.length === 0) return;
    await parts.room(signal);
    rows += await parts.commits.submit({ bytes: 0, rows: candidates.length, run: () => insertAll(sameStore(parts, candidates[0]?.stream), candidates) });
  };
  for (let step = 0; step < pages.steps; step += 1) {
    const unnamed = new Set<number>();
    for (const candidate of readCandidates(pages, pages.step(step), streams, unnamed)) slice.push(candidate);
    if (unnamed.size > 0) {
      await nameStreams(parts, unnamed, streams);
      for (const candidate of readCandidates(pages, pages.step(step), streams, new Set(), unnamed)) slice.push(candidate);
    }
    if (slice.length >= ROWS_PER_SLICE) await flush();
    await breathe(signal);
  }
  await flush();
  return rows;
}

/** `unverified` are numbers whose stream's name is lost, so that no checksum can be compared. */
function* readCandidates(pages: PageFile, from: Iterable<NumberedPage>, streams: ReadonlyMap<number, Stream>, unnamed: Set<number>, unverified?: ReadonlySet<number>): Generator<Candidate> {
  for (const { page } of from) {
    for (const record of readRecords(page, (number) => pages.page(number))) {
      if (!isReading(record)) break;
      const id = record.rowid ?? 0;
      const number = Math.floor(id / SPAN);
      if (unverified !== undefined && !unverified.has(number)) continue;
      const stream = streams.get(number);
      if (stream === undefined) unnamed.add(number);
      else {
        const candidate = readCandidate(record, stream, id % SPAN, unverified !== undefined || unnamedStreams.has(stream));
        if (candidate !== undefined) yield candidate;
      }
    }
  }
}

/** Streams that were named here because their own name is lost. */
const unnamedStreams = new WeakSet<Stream>();

function readCandidate({ fields }: RawRecord, stream: Stream, seq: number, isUnverified: boolean): Candidate | undefined {
  const [, kind, timeMs, key, body, crc] = fields;
  if (typeof kind !== "number" || typeof timeMs !== "number" || typeof body !== "string" || typeof key === "string" || key === undefined || seq < 1) return undefined;
  if (isUnverified ? !isObjectText(body) : checksum(stream.seed, seq, body) !== crc) return undefined;
  return stream.settled.has(seq) ? undefined : { stream, seq, kind, timeMs, key, body };
}

function isObjectText(body: string): boolean {
  try {
    return typeof JSON.parse(`{${body}}`) === "object";
  } catch {
    return false;
  }
}

async function nameStreams({ store, commits, fallback }: RecoveryParts, numbers: ReadonlySet<number>, streams: Map<number, Stream>): Promise<void> {
  for (const number of numbers) {
    if (fallback() === "") throw new Fault("STORAGE_BUSY", "readings whose stream is unknown wait for a destination to be opened", { remedy: "Nothing: the recovery begins anew." });
    const stream = await commits.submit({ bytes: 0, rows: 1, run: () => store().addStream(fallback(), { state: "recovering" }) });
    unnamedStreams.add(stream);
    streams.set(number, stream);
  }
}

function insertAll(store: Store, candidates: readonly Candidate[]): number {
  let rows = 0;
  for (const { stream, seq, kind, timeMs, key, body } of candidates) {
    const { changes } = store.sql.recoverReading.run(stream.origin + seq, kind, timeMs, key, body, checksum(stream.seed, seq, body));
    rows += changes;
    if (seq < stream.next) continue;
    stream.next = seq + 1;
    stream.isDirty = true;
  }
  return rows;
}

/** What a source sends again of the newest recovered readings is recognised from now on. */
async function rememberRecovered({ store }: RecoveryParts, signal: AbortSignal): Promise<void> {
  let hasRoom = true;
  for (let before = Number.MAX_SAFE_INTEGER; hasRoom; ) {
    const rows = store().sql.keysBefore.all(before, ROWS_PER_SLICE);
    const known = rows.flatMap(({ id, key }) => (key === null ? [] : [{ key, place: id }])).toReversed();
    hasRoom = store().recent.addOlder(known) && rows.length === ROWS_PER_SLICE;
    before = rows.at(-1)?.id ?? 0;
    await breathe(signal);
  }
}

/** Names the holes and lets the stream be drained. */
async function endRecovery({ store, commits, lost }: RecoveryParts, stream: Stream, signal: AbortSignal): Promise<void> {
  const present = new RangeSet();
  for (let from = stream.origin; ; ) {
    const ids = store().sql.ids.all(from, stream.origin + SPAN - 1, IDS_PER_SLICE);
    for (const id of ids) present.add(id - stream.origin, id - stream.origin);
    if (ids.length < IDS_PER_SLICE) break;
    from = (ids.at(-1) ?? from) + 1;
    await breathe(signal);
  }
  const holes: Range[] = [...present.missingWithin(1, stream.next - 1)];
  await commits.submit({
    bytes: 0,
    rows: ROWS_PER_SLICE,
    run: () => {
      const same = sameStore({ store }, stream);
      stream.state = "draining";
      stream.isDirty = true;
      return recordHoles(same, stream, holes);
    },
    committed: (events) => {
      store().reload();
      lost(events);
    },
  });
}

/** Throws when the database was replaced meanwhile: the stream's number means nothing in the new one. */
function sameStore({ store }: Pick<RecoveryParts, "store">, stream: Stream | undefined): Store {
  if (stream === undefined || store().streams.get(stream.uuid) === stream) return store();
  throw new Fault("CANCELLED", "the database was replaced while readings were recovered into it", { remedy: "Nothing: the recovery begins anew." });
}

function isReading({ rowid, fields }: RawRecord): boolean {
  const [, kind, time, key, body, crc] = fields;
  return rowid !== undefined && fields.length === 6 && typeof kind === "number" && typeof time === "number" && typeof key !== "string" && typeof body === "string" && typeof crc === "number";
}

async function breathe(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal.throwIfAborted();
}
