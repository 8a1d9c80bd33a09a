// The audit log: append-only, each entry chained to the one before with a key, so that a changed or missing entry shows.

import type { Database, Statement } from "better-sqlite3";
import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Actor } from "../accounts/actor.ts";
import { ANCHOR, HEAD } from "./audit-schema.ts";
import { AuditTime } from "./audit-time.ts";
import { CHAIN_START, chainOf, FORMS, keyIdOf, sealOf } from "./chain.ts";
import type { AuditEntry, Place, PlaceName } from "./chain.ts";

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
  | "token.created"
  | "token.deleted"
  | "service-window.opened"
  | "service-window.ended"
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
  | "people-ca.made"
  | "page-certificate.issued"
  | "page-certificate.requested"
  | "page-certificate.installed"
  | "page-certificate.removed"
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
  | "clock.jumped"
  | "audit.broken"
  | "audit.exported"
  | "audit.deleted"
  | "audit.export-removed"
  | "system.restarted"
  | "detection.raised"
  | "account.created"
  | "account.changed"
  | "account.deleted"
  | "account.claimed"
  | "account.locked"
  | "account.unlocked"
  | "account.password-changed"
  | "account.password-reset"
  | "account.second-factor-set"
  | "account.second-factor-removed"
  | "account.second-factor-reset"
  | "account.recovery-codes-renewed"
  | "account.recovery-code-used"
  | "accounts.reset"
  | "session.started"
  | "session.proved"
  | "session.ended"
  | "login.refused"
  | "task.ordered"
  | "task.approved"
  | "task.cancelled"
  | "task.ended"
  | "task.fetched"
  | "detections.accepted";

export interface AuditEvent {
  /** Who: a person, or a part of core by its name. */
  readonly actor: string | Actor;
  readonly action: AuditAction;
  /** On what: a name, a file, an asset. */
  readonly target: string;
  readonly result: "done" | "refused" | "failed";
  /** Never a secret. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Another zone that tells core of something, by its name or that of its conduit. */
const OTHER_ZONE = /^(?:source-)?(?<zone>field(?:-.+)?|devices|plant|admin|cloud|host|local)$/;

/** A part of core or another zone by its name; `local` is whoever runs the command on the files of a stopped gateway. */
export function actorOf(actor: string | Actor): Actor {
  return typeof actor === "string" ? { name: actor, zone: OTHER_ZONE.exec(actor)?.groups?.["zone"] ?? "core", source: null } : actor;
}

/** Characters of an entry's detail; of a longer one its beginning is kept, as text. */
const LONGEST_DETAIL = 65_536;
const KEPT_OF_LONGER = 16_384;

function writeDetail(detail: Readonly<Record<string, unknown>>): string {
  const written = JSON.stringify(detail);
  return written.length <= LONGEST_DETAIL ? written : JSON.stringify({ shortenedFrom: written.length, beginning: written.slice(0, KEPT_OF_LONGER) });
}

/** Half characters come out of the database as others than went in, and the mark would not fit them. */
function cut(text: string, most: number): string {
  return (text.length <= most ? text : `${text.slice(0, most - 1)}…`).toWellFormed();
}

export class Audit {
  /** How long the gateway has run, and whether the wall clock is believed. */
  readonly time: AuditTime;
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
      "INSERT INTO entries (number, form, time, timeQuality, uptimeMs, runningMs, zone, actor, source, action, target, result, detail, keyId, chain) VALUES (@number, @form, @time, @timeQuality, @uptimeMs, @runningMs, @zone, @actor, @source, @action, @target, @result, @detail, @keyId, @chain)",
    );
    this.#movePlace = database.prepare(
      "INSERT INTO places (place, number, chain, keyId, entryKeyId, seal) VALUES (@place, @number, @chain, @keyId, @entryKeyId, @seal) ON CONFLICT (place) DO UPDATE SET number = @number, chain = @chain, keyId = @keyId, entryKeyId = @entryKeyId, seal = @seal",
    );
    this.#commit = database.transaction((entry: AuditEntry) => {
      this.#insert.run(entry);
      this.#place(HEAD, entry);
    });
    this.#last = this.#findLast();
    this.time = new AuditTime(database, clock, key, this.#provenRunningMs());
  }

  /** The last position of the chain. */
  get head(): Place {
    return this.#last;
  }

  /** Durable when it returns; returns its number. Throws what SQLite throws (a full disk); nothing is written then. */
  append(event: AuditEvent): number {
    const { action, result } = event;
    const said = actorOf(event.actor);
    // Machines and people choose some of these: no reader of the log shall have to take more than the contract says.
    const [actor, zone, target] = [cut(said.name, 256), cut(said.zone, 64), cut(event.target, 1024)];
    const source = said.source === null ? null : cut(said.source, 128);
    const time = new Date(this.#clock.now()).toISOString();
    const detail = writeDetail(event.detail ?? {});
    const number = this.#last.number + 1;
    const times = { time, timeQuality: this.#clock.timeQuality(), uptimeMs: Math.round(this.#clock.uptimeMs()), runningMs: this.time.runningMs() };
    const unchained = { number, form: FORMS.present, ...times, zone, actor, source, action, target, result, detail, keyId: this.#keyId };
    const chain = chainOf(this.#key, this.#last, unchained);
    this.#commit({ ...unchained, chain });
    this.#last = { number, chain, keyId: this.#keyId };
    return number;
  }

  /** Goes on behind a position that is known from elsewhere to have been reached: the entries up to there are missing, and it shows. */
  continueAfter(known: Place): void {
    if (known.number > this.#last.number) this.#last = known;
  }

  /** The same for a log that begins anew because the one before was damaged, which is an entry of its own: it is whole from there on. */
  beginAfter(known: Place): void {
    if (this.#last.number > 0) return;
    this.#place(ANCHOR, known);
    this.#last = known;
  }

  /** Deletes the entries before `number` for good (retention) and seals where the chain now begins. Returns how many went. */
  forgetBefore(number: number): number {
    const forget = this.#database.transaction(() => {
      const before = this.#database.prepare<[number], Place>("SELECT number, chain, keyId FROM entries WHERE number = ?").get(number - 1);
      if (before === undefined || number > this.#last.number) return 0;
      this.#place(ANCHOR, before);
      return this.#database.prepare("DELETE FROM entries WHERE number < ?").run(number).changes;
    });
    return forget();
  }

  /** The newest entries, newest first. */
  newest(limit: number): readonly AuditEntry[] {
    return this.#database.prepare<[number], AuditEntry>("SELECT * FROM entries ORDER BY number DESC LIMIT ?").all(limit);
  }

  #place(place: PlaceName, { number, chain, keyId }: Place): void {
    this.#movePlace.run({ place, number, chain, keyId: this.#keyId, entryKeyId: keyId, seal: sealOf(this.#key, place, { number, chain, keyId }) });
  }

  /** After the newest entry or, where entries were taken away behind our back, after the head: their numbers are never given again. */
  #findLast(): Place {
    const entry = this.#database.prepare<[], Place>("SELECT number, chain, keyId FROM entries ORDER BY number DESC LIMIT 1").get();
    const head = this.#database.prepare<[string], Place>("SELECT number, chain, entryKeyId AS keyId FROM places WHERE place = ?").get(HEAD);
    if (entry !== undefined && (head === undefined || head.number <= entry.number)) return entry;
    return head ?? CHAIN_START;
  }

  /** Of the newest entry, where its mark shows that we wrote it. */
  #provenRunningMs(): number {
    const [entry, before = CHAIN_START] = this.newest(2);
    if (entry === undefined || entry.keyId !== this.#keyId || entry.number !== before.number + 1) return 0;
    return chainOf(this.#key, before, entry) === entry.chain ? entry.runningMs : 0;
  }
}
