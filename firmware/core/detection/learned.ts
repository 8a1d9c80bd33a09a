// Whose addresses are known on each segment, in state.db, and how long each segment is still being learned.

import type { Database, Statement } from "better-sqlite3";
import type { ObservedSegment } from "../../conduit/observation.ts";
import type { Finding } from "./finding.ts";
import { emptyMemory, findNeighbours } from "./neighbours.ts";
import type { Learned, SegmentMemory } from "./neighbours.ts";

/** What a segment is seen for, in running time of the gateway, before its new neighbours are told. */
export const LEARNING_SECONDS = 3600;
/** A pause longer than this was not watched. */
const MOST_SECONDS_A_STEP = 60;

export class LearnedSegments {
  readonly #database: Database;
  readonly #memories = new Map<string, SegmentMemory>();
  readonly #load: Statement<[string], Learned>;
  readonly #store: Statement;
  readonly #progress: Statement<[string], { readonly seconds: number; readonly isLearned: number }>;
  readonly #storeProgress: Statement;

  constructor(database: Database) {
    this.#database = database;
    this.#load = database.prepare("SELECT address, mac FROM neighbours WHERE side = ?");
    this.#store = database.prepare("INSERT INTO neighbours (side, address, mac) VALUES (?, ?, ?) ON CONFLICT (side, address) DO UPDATE SET mac = excluded.mac");
    this.#progress = database.prepare("SELECT seconds, isLearned FROM learned_segments WHERE side = ?");
    this.#storeProgress = database.prepare("INSERT INTO learned_segments (side, seconds, isLearned) VALUES (@side, @seconds, @isLearned) ON CONFLICT (side) DO UPDATE SET seconds = @seconds, isLearned = @isLearned");
  }

  /** What a segment says, `seconds` after it said it last; in one commit. Throws what SQLite throws. */
  step(segment: ObservedSegment, seconds: number): readonly Finding[] {
    return this.#database.transaction(() => this.#stepOne(segment, Math.min(seconds, MOST_SECONDS_A_STEP)))();
  }

  /** What is known now is right: new neighbours are told from here on. Only for segments that were seen at least once. */
  accept(): void {
    this.#database.prepare("UPDATE learned_segments SET isLearned = 1").run();
  }

  #stepOne(segment: ObservedSegment, seconds: number): readonly Finding[] {
    const { side } = segment;
    const memory = this.#memories.get(side) ?? emptyMemory(this.#load.all(side));
    this.#memories.set(side, memory);
    const progress = this.#progress.get(side) ?? { seconds: 0, isLearned: 0 };
    const isLearning = progress.isLearned === 0;
    const { findings, learned } = findNeighbours(memory, segment, isLearning);
    for (const { address, mac } of learned) this.#store.run(side, address, mac);
    if (isLearning) {
      const total = Math.round(progress.seconds + seconds);
      this.#storeProgress.run({ side, seconds: total, isLearned: total >= LEARNING_SECONDS ? 1 : 0 });
    }
    return findings;
  }
}
