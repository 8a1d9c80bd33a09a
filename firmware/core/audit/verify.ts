// Walks the audit log from its beginning to its head and names the first entry that was altered, moved or taken away.

import type { Database, Statement } from "better-sqlite3";
import type { AuditBreak } from "../../conduit/audit.ts";
import { ANCHOR, HEAD } from "./audit-schema.ts";
import { CHAIN_START, chainOf, FORMS, isBare, keyIdOf, sealOf } from "./chain.ts";
import type { AuditEntry, Place, PlaceName } from "./chain.ts";

export interface Verdict {
  /** Entries looked at. */
  readonly checked: number;
  /** Entries written under another key (a lost vault key): linked to nothing that we could prove. */
  readonly unverifiable: number;
  /** The first number at which the chain breaks, and how; undefined for a sound log. */
  readonly broken?: { readonly number: number; readonly why: AuditBreak };
}

export interface VerifyOptions {
  /** Others run in between. */
  readonly pause?: () => Promise<void>;
  /** Positions known from elsewhere (state.db, the cloud): the log must go through them. */
  readonly known?: readonly Place[];
}

/** Entries per turn: about 3 ms of work. */
const PORTION = 100;
/** How far ahead the entry that belongs to a number is looked for, to tell swapped from altered. */
const SEARCHED = 100;

interface SealedPlace extends Place {
  readonly sealKeyId: string;
  readonly seal: string;
}

/** Reads in portions and lets others run in between. Entries appended meanwhile are not looked at. */
export async function verifyAudit(database: Database, key: Buffer, { pause = () => Promise.resolve(), known = [] }: VerifyOptions = {}): Promise<Verdict> {
  return new Walk(database, key, known).run(pause);
}

class Walk {
  readonly #key: Buffer;
  readonly #keyId: string;
  readonly #known: ReadonlyMap<number, Place>;
  readonly #portion: Statement<[number, number, number], AuditEntry>;
  readonly #anchor: SealedPlace | undefined;
  readonly #head: SealedPlace | undefined;
  readonly #end: number;
  #last: Place;
  #checked = 0;
  #unverifiable = 0;

  constructor(database: Database, key: Buffer, known: readonly Place[]) {
    this.#key = key;
    this.#keyId = keyIdOf(key);
    this.#known = new Map(known.map((place) => [place.number, place]));
    this.#portion = database.prepare("SELECT * FROM entries WHERE number > ? AND number <= ? ORDER BY number LIMIT ?");
    const findPlace = database.prepare<[string], SealedPlace>("SELECT number, chain, entryKeyId AS keyId, keyId AS sealKeyId, seal FROM places WHERE place = ?");
    this.#anchor = findPlace.get(ANCHOR);
    this.#head = findPlace.get(HEAD);
    this.#end = this.#head?.number ?? Number.MAX_SAFE_INTEGER;
    this.#last = this.#anchor ?? CHAIN_START;
  }

  async run(pause: () => Promise<void>): Promise<Verdict> {
    if (this.#isForged(ANCHOR, this.#anchor)) return this.#say(this.#last.number, "cut-start");
    for (;;) {
      const entries = this.#portion.all(this.#last.number, this.#end, PORTION);
      for (const entry of entries) {
        const why = this.#judge(entry, entries);
        if (why !== undefined) return why;
      }
      if (entries.length < PORTION) return this.#judgeEnd();
      await pause();
    }
  }

  /** The verdict where the chain breaks here. */
  #judge(entry: AuditEntry, portion: readonly AuditEntry[]): Verdict | undefined {
    const number = this.#last.number + 1;
    if (entry.number !== number) {
      const isStart = this.#checked === 0;
      return this.#say(number, isStart ? "cut-start" : this.#isElsewhere(number, portion) ? "swapped" : "missing");
    }
    if (entry.keyId !== this.#keyId) this.#unverifiable += 1;
    else if (this.#checked === 0 && this.#anchor !== undefined && this.#anchor.sealKeyId !== this.#keyId) return this.#say(number, "cut-start");
    else if (entry.chain !== chainOf(this.#key, this.#last, entry)) return this.#say(number, this.#isElsewhere(number, portion) ? "swapped" : "altered");
    if (entry.form === FORMS.first && !isBare(entry)) return this.#say(number, "altered");
    const known = this.#known.get(number);
    if (known !== undefined && (known.chain !== entry.chain || (known.keyId !== "" && known.keyId !== entry.keyId))) return this.#say(number, "altered");
    this.#checked += 1;
    this.#last = entry;
    return undefined;
  }

  #judgeEnd(): Verdict {
    const { number, chain, keyId } = this.#last;
    const head = this.#head;
    if (head === undefined) return number === 0 ? this.#judgeKnown() : this.#say(number + 1, "cut-end");
    if (head.number > number) return this.#say(number + 1, "cut-end");
    const isSealed = keyId !== this.#keyId || head.sealKeyId === this.#keyId;
    if (this.#isForged(HEAD, head) || head.number !== number || !isSealed) return this.#say(number + 1, "cut-end");
    if (head.chain !== chain || (head.keyId !== "" && head.keyId !== keyId)) return this.#say(number, "altered");
    return this.#judgeKnown();
  }

  #judgeKnown(): Verdict {
    const beyond = [...this.#known.keys()].some((number) => number > this.#last.number);
    return beyond ? this.#say(this.#last.number + 1, "cut-end") : { checked: this.#checked, unverifiable: this.#unverifiable };
  }

  /** A seal under another key proves nothing either way. */
  #isForged(name: PlaceName, place: SealedPlace | undefined): boolean {
    return place !== undefined && place.sealKeyId === this.#keyId && place.seal !== sealOf(this.#key, name, place);
  }

  /** Whether the entry that belongs to this number stands at another one. */
  #isElsewhere(number: number, portion: readonly AuditEntry[]): boolean {
    const near = portion.filter((entry) => entry.number >= number).slice(0, SEARCHED);
    return near.some((entry) => entry.keyId === this.#keyId && entry.number !== number && chainOf(this.#key, this.#last, { ...entry, number }) === entry.chain);
  }

  #say(number: number, why: AuditBreak): Verdict {
    return { checked: this.#checked, unverifiable: this.#unverifiable, broken: { number, why } };
  }
}
