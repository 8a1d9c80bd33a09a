// The last value of each point, in memory; a copy for the next start is written late and in portions, and a crash may lose it.

import type { Database } from "better-sqlite3";
import type { AssetId, PointId } from "../../../drivers/contract/identity.ts";
import { isEvent } from "../../../drivers/contract/reading.ts";
import type { Reading, Sample } from "../../../drivers/contract/reading.ts";
import type { Revision } from "./revision.ts";

export interface Changes {
  readonly revision: number;
  readonly samples: readonly Sample[];
}

/** A point in the order of its last change: the newest is the tail. */
interface Entry {
  sample: Sample;
  revision: number;
  isDirty: boolean;
  older: Entry | undefined;
  newer: Entry | undefined;
}

/** Rows per commit: about 2 ms, and far fewer syncs than readings. */
const ROWS_PER_COMMIT = 250;
/** As many as the contract lets an asset have; what a zone sends beyond is delivered, but no last value is kept. */
const POINTS_PER_ASSET = 20_000;
/** Samples per answer: about 1 MiB of JSON. */
const SAMPLES_PER_ANSWER = 4096;

export class LastValues {
  readonly #revision: Revision;
  readonly #writePortion: (entries: readonly Entry[]) => void;
  readonly #assets = new Map<AssetId, Map<PointId, Entry>>();
  #newest: Entry | undefined;
  #oldest: Entry | undefined;
  /** Where the last answer ended: whoever asks on is not led through all that is newer. */
  #resume: { readonly revision: number; first: Entry | undefined } = { revision: 0, first: undefined };
  #dirty: Entry[] = [];
  readonly #forgotten = new Set<AssetId>();
  readonly #deletePortion: (asset: AssetId) => boolean;

  /** Loads what was written before. Throws SyntaxError where a row is damaged. */
  constructor(database: Database, revision: Revision) {
    this.#revision = revision;
    const store = database.prepare("INSERT OR REPLACE INTO last_values (asset, point, reading) VALUES (?, ?, ?)");
    this.#writePortion = database.transaction((entries: readonly Entry[]) => {
      for (const { sample } of entries) store.run(sample.asset, sample.point, JSON.stringify(sample));
    });
    const remove = database.prepare("DELETE FROM last_values WHERE asset = ? AND point IN (SELECT point FROM last_values WHERE asset = ? LIMIT ?)");
    this.#deletePortion = (asset) => remove.run(asset, asset, ROWS_PER_COMMIT).changes >= ROWS_PER_COMMIT;
    for (const text of database.prepare<[], string>("SELECT reading FROM last_values").pluck().iterate()) this.#put(JSON.parse(text) as Sample, this.#revision.advance(), false);
  }

  /** Takes what was committed. Events have no last value; what a driver fetched afterwards never replaces the present. */
  update(readings: readonly Reading[]): void {
    let revision: number | undefined;
    for (const reading of readings) {
      if (isEvent(reading) || reading.historical === true) continue;
      revision ??= this.#revision.value + 1;
      this.#put(reading, revision, true);
    }
    if (revision !== undefined) this.#revision.advance();
  }

  of(asset: AssetId): Iterable<Sample> {
    return [...(this.#assets.get(asset)?.values() ?? [])].map((entry) => entry.sample);
  }

  last(asset: AssetId, point: PointId): Sample | undefined {
    return this.#assets.get(asset)?.get(point)?.sample;
  }

  /** What changed after the revision, oldest first, at most one answer's worth: ask again with the revision of the answer. */
  since(after: number): Changes {
    const known = after > this.#revision.value ? 0 : after;
    const samples: Sample[] = [];
    let last = 0;
    let entry = this.#firstAfter(known);
    // A revision is never split over two answers: its rest would be skipped.
    for (; entry !== undefined && (samples.length < SAMPLES_PER_ANSWER || entry.revision === last); entry = entry.newer) {
      samples.push(entry.sample);
      last = entry.revision;
    }
    const revision = entry === undefined ? this.#revision.value : last;
    this.#resume = { revision, first: entry };
    return { revision, samples };
  }

  #firstAfter(revision: number): Entry | undefined {
    if (revision === 0) return this.#oldest;
    if (this.#resume.revision === revision && this.#resume.first !== undefined) return this.#resume.first;
    let first: Entry | undefined;
    for (let entry = this.#newest; entry !== undefined && entry.revision > revision; entry = entry.older) first = entry;
    return first;
  }

  /** Forgets the asset's values: at once here, and in state.db portion by portion (`flush`). */
  forget(asset: AssetId): void {
    const points = this.#assets.get(asset);
    if (points === undefined) return;
    for (const entry of points.values()) this.#unlink(entry);
    this.#assets.delete(asset);
    this.#dirty = this.#dirty.filter(({ sample }) => sample.asset !== asset);
    this.#forgotten.add(asset);
  }

  /** Writes one portion of what changed since it was last written; true when more waits. Throws what SQLite throws. */
  flush(): boolean {
    for (const asset of this.#forgotten) {
      // One that is here again is written anew once its old rows are gone.
      if (!this.#deletePortion(asset)) this.#forgotten.delete(asset);
      return true;
    }
    const portion = this.#dirty.slice(0, ROWS_PER_COMMIT);
    if (portion.length === 0) return false;
    this.#writePortion(portion);
    this.#dirty = this.#dirty.slice(ROWS_PER_COMMIT);
    for (const entry of portion) entry.isDirty = false;
    return this.#dirty.length > 0;
  }

  #put(sample: Sample, revision: number, isDirty: boolean): void {
    let points = this.#assets.get(sample.asset);
    if (points === undefined) this.#assets.set(sample.asset, (points = new Map<PointId, Entry>()));
    let entry = points.get(sample.point);
    if (entry === undefined) {
      if (points.size >= POINTS_PER_ASSET) return;
      entry = { sample, revision, isDirty: false, older: undefined, newer: undefined };
      points.set(sample.point, entry);
    } else {
      entry.sample = sample;
      entry.revision = revision;
      this.#unlink(entry);
    }
    this.#append(entry);
    if (isDirty && !entry.isDirty) {
      entry.isDirty = true;
      this.#dirty.push(entry);
    }
  }

  #unlink(entry: Entry): void {
    if (this.#resume.first === entry) this.#resume.first = entry.newer;
    if (entry.older === undefined) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    if (entry.newer === undefined) this.#newest = entry.older;
    else entry.newer.older = entry.older;
  }

  #append(entry: Entry): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }
}
