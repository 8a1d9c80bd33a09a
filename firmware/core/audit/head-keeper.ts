// Keeps the head of the audit log in state.db too: a log that was cut, or put back to a former state of its own, shows.

import type { Database } from "better-sqlite3";
import type { Conditions } from "../health/conditions.ts";
import type { Kept } from "../inventory/state-schema.ts";
import { ANCHOR } from "./audit-schema.ts";
import type { Audit } from "./audit.ts";
import { keyIdOf, sealOf } from "./chain.ts";
import type { Place } from "./chain.ts";

const LOG = "audit.db";
const NAME = "audit-head";

interface SealedHead extends Place {
  readonly seal: string;
}

export interface HeadKeeperOptions {
  readonly audit: Audit;
  readonly database: Database;
  readonly key: Buffer;
  readonly kept: Kept;
  readonly conditions: Conditions;
}

export class HeadKeeper {
  readonly #options: HeadKeeperOptions;
  /** Where the log ended when it was last kept before this start, if that can be believed. */
  readonly known: Place | undefined;
  #written = -1;

  constructor(options: HeadKeeperOptions) {
    this.#options = options;
    this.known = this.#read();
  }

  /**
   * To be called before the first entry of a start. Raises AUDIT_ROLLED_BACK where the log does not go through what is known; returns why. Numbers that
   * are known to have been given are not given again, so that the gap stays visible. With `isSetAside` the log began anew, which is told elsewhere.
   */
  compare(isSetAside: boolean): string | undefined {
    const { audit, conditions, database } = this.#options;
    if (this.known === undefined) return undefined;
    const { number, chain, keyId } = this.known;
    const end = audit.head.number;
    const why = end < number ? `The log ends at entry ${end}, but entry ${number} had been written.` : this.#isThrough(database, { number, chain, keyId }) ? undefined : `Entry ${number} is not the one that had been written.`;
    if (isSetAside) audit.beginAfter(this.known);
    if (why === undefined || isSetAside) return undefined;
    audit.continueAfter(this.known);
    conditions.raise("AUDIT_ROLLED_BACK", LOG, why);
    return why;
  }

  /** To be called about once a second, and at the end. */
  keep(): void {
    const { audit, key, kept } = this.#options;
    const { number, chain, keyId } = audit.head;
    if (number === this.#written) return;
    const head: SealedHead = { number, chain, keyId, seal: sealOf(key, "head", { number, chain, keyId }) };
    if (kept.write(NAME, JSON.stringify(head))) this.#written = number;
  }

  #read(): Place | undefined {
    const { conditions, key, kept } = this.#options;
    const text = kept.read(NAME);
    if (text === undefined) return undefined;
    // What is not ours has not our seal.
    const { number = 0, chain = "", keyId = "", seal } = readObject(text);
    if (seal === sealOf(key, "head", { number, chain, keyId })) return { number, chain, keyId };
    // Under a lost key nothing can be said.
    if (keyId === keyIdOf(key)) conditions.raise("AUDIT_ROLLED_BACK", LOG, "What the gateway kept of the log's end in state.db was altered.");
    return undefined;
  }

  /** Deleted by retention counts: the anchor is sealed, and the walk through the log judges it. */
  #isThrough(database: Database, { number, chain, keyId }: Place): boolean {
    const entry = database.prepare<[number], Place>("SELECT number, chain, keyId FROM entries WHERE number = ?").get(number);
    if (entry !== undefined) return entry.chain === chain && entry.keyId === keyId;
    const anchor = database.prepare<[string], number>("SELECT number FROM places WHERE place = ?").pluck().get(ANCHOR);
    return anchor !== undefined && anchor >= number;
  }
}

function readObject(text: string): Partial<SealedHead> {
  try {
    return Object(JSON.parse(text)) as Partial<SealedHead>;
  } catch {
    return {};
  }
}
