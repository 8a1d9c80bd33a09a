// The audit log: append-only, each entry chained to the one before with a key, so that a changed or missing entry shows.

import type { Database, Statement } from "better-sqlite3";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { CHAIN_START, chainOf, keyIdOf, sealOf } from "./chain.ts";
import type { AuditEntry } from "./chain.ts";
import { ANCHOR, HEAD } from "./audit-schema.ts";
import type { Place } from "./audit-schema.ts";

/** What is recorded. The full list of events comes with accounts. */
export type AuditAction =
  | "core.started"
  | "core.stopped"
  | "configuration.applied"
  | "configuration.refused"
  | "configuration.written"
  | "secret.set"
  | "secret.deleted"
  | "readings.dropped"
  | "readings.damaged"
  | "database.set-aside"
  | "access.denied"
  | "asset.changed"
  | "asset.accepted"
  | "asset.refused"
  | "asset.suspended"
  | "asset.moved"
  | "asset.claimed"
  | "asset.forgotten"
  | "assets.imported"
  | "machine-ca.made"
  | "machine-ca.exported"
  | "ingest-certificate.issued"
  | "machine.enrolled"
  | "machine.disenrolled"
  | "firewall.changed"
  | "network.changed"
  | "change.confirmed"
  | "change.returned"
  | "host-calls.refused"
  | "cloud-addresses.refused"
  | "usb.authorized"
  | "clock.set"
  | "system.restarted"
  | "detection.raised"
  | "detections.accepted";

export interface AuditEvent {
  /** Who: a zone, `local` for the command line, `core` itself. */
  readonly actor: string;
  readonly action: AuditAction;
  /** On what: a name, a file, an asset. */
  readonly target: string;
  readonly result: "done" | "refused" | "failed";
  /** Never a secret. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

export class Audit {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #key: Buffer;
  readonly #keyId: string;
  readonly #insert: Statement;
  readonly #movePlace: Statement;
  readonly #commit: (entry: AuditEntry) => void;
  #last: Place;

  /** `database` as `prepareAuditSchema` leaves it; the caller closes it. `key` has 32 bytes. */
  constructor(database: Database, clock: Clock, key: Buffer) {
    this.#database = database;
    this.#clock = clock;
    this.#key = key;
    this.#keyId = keyIdOf(key);
    this.#insert = database.prepare(
      "INSERT INTO entries (number, time, uptimeMs, actor, action, target, result, detail, keyId, chain) VALUES (@number, @time, @uptimeMs, @actor, @action, @target, @result, @detail, @keyId, @chain)",
    );
    this.#movePlace = database.prepare("INSERT INTO places (place, number, chain, keyId, seal) VALUES (@place, @number, @chain, @keyId, @seal) ON CONFLICT (place) DO UPDATE SET number = @number, chain = @chain, keyId = @keyId, seal = @seal");
    this.#commit = database.transaction((entry: AuditEntry) => {
      this.#insert.run(entry);
      this.#place(HEAD, entry.number, entry.chain);
    });
    this.#last = this.#findLast();
  }

  /** Durable when it returns. Throws what SQLite throws (a full disk); nothing is written then. */
  append(event: AuditEvent): void {
    const { actor, action, target, result } = event;
    const time = new Date(this.#clock.now()).toISOString();
    const detail = JSON.stringify(event.detail ?? {});
    const number = this.#last.number + 1;
    const unchained = { number, time, uptimeMs: Math.round(this.#clock.uptimeMs()), actor, action, target, result, detail, keyId: this.#keyId };
    const chain = chainOf(this.#key, this.#last.chain, unchained);
    this.#commit({ ...unchained, chain });
    this.#last = { number, chain };
  }

  /** Deletes the entries before `number` for good (retention) and seals where the chain now begins. Returns how many went. */
  forgetBefore(number: number): number {
    const forget = this.#database.transaction(() => {
      const before = this.#database.prepare<[number], Place>("SELECT number, chain FROM entries WHERE number = ?").get(number - 1);
      if (before === undefined || number > this.#last.number) return 0;
      this.#place(ANCHOR, before.number, before.chain);
      return this.#database.prepare("DELETE FROM entries WHERE number < ?").run(number).changes;
    });
    return forget();
  }

  /** The newest entries, newest first. */
  newest(limit: number): readonly AuditEntry[] {
    return this.#database.prepare<[number], AuditEntry>("SELECT * FROM entries ORDER BY number DESC LIMIT ?").all(limit);
  }

  #place(place: typeof ANCHOR | typeof HEAD, number: number, chain: string): void {
    this.#movePlace.run({ place, number, chain, keyId: this.#keyId, seal: sealOf(this.#key, place, number, chain) });
  }

  /** After the newest entry or, where entries were taken away behind our back, after the head: their numbers are never given again. */
  #findLast(): Place {
    const entry = this.#database.prepare<[], Place>("SELECT number, chain FROM entries ORDER BY number DESC LIMIT 1").get();
    const head = this.#database.prepare<[string], Place>("SELECT number, chain FROM places WHERE place = ?").get(HEAD);
    if (entry !== undefined && (head === undefined || head.number <= entry.number)) return entry;
    return head ?? { number: 0, chain: CHAIN_START };
  }
}
