// The audit log as the rest of core has it beside the trail: read, verified, fed to a collector, and kept.

import { join } from "node:path";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, isFault } from "../../../drivers/contract/fault.ts";
import type { AuditMark } from "../../conduit/audit.ts";
import type { Log } from "../../runtime/journal.ts";
import type { Conditions } from "../health/conditions.ts";
import type { Kept } from "../inventory/state-schema.ts";
import type { OpenedDatabase } from "../storage/open-database.ts";
import type { Turns } from "../turns.ts";
import { AuditFeed } from "./audit-feed.ts";
import { readPage } from "./audit-pages.ts";
import type { AuditQuery, Page } from "./audit-pages.ts";
import { Audit } from "./audit.ts";
import { Exports } from "./exports.ts";
import { HeadKeeper } from "./head-keeper.ts";
import { AuditReserve } from "./reserve.ts";
import { Retention } from "./retention.ts";
import { AuditTrail } from "./trail.ts";
import { verifyAudit } from "./verify.ts";
import type { Verdict } from "./verify.ts";

const LOG = "audit.db";
const TICK_MS = 1000;
const KEEP_TIME_MS = 300_000;
const REFILL_MS = 60_000;
/** Once a day is enough for days; the first time when the start is over. */
const RETAIN_FIRST_MS = 600_000;
const RETAIN_MS = 86_400_000;

export interface AuditLogOptions {
  readonly opened: OpenedDatabase;
  readonly key: Buffer;
  /** False where the key is one of this process alone: nothing is deleted then, since its seal would prove nothing. */
  readonly isKeyLasting: boolean;
  readonly clock: Clock;
  readonly conditions: Conditions;
  readonly kept: Kept;
  readonly turns: Turns;
  readonly dataDir: string;
  readonly log: Log;
}

export class AuditLog {
  readonly trail: AuditTrail;
  readonly feed: AuditFeed;
  readonly retention: Retention;
  readonly #options: AuditLogOptions;
  readonly #audit: Audit;
  readonly #heads: HeadKeeper;
  readonly #reserve: AuditReserve;
  #verifying: Promise<unknown> = Promise.resolve();

  /** The caller closes the database, after `close`. */
  constructor(options: AuditLogOptions) {
    const { clock, conditions, dataDir, kept, key, opened, turns } = options;
    const { database } = opened;
    this.#options = options;
    this.#audit = new Audit(database, clock, key);
    this.#heads = new HeadKeeper({ audit: this.#audit, database, key, kept, conditions });
    this.#reserve = new AuditReserve(join(dataDir, "audit.reserve"), database, opened.log);
    this.trail = new AuditTrail(this.#audit, conditions, clock, this.#reserve);
    this.feed = new AuditFeed(database, kept, clock);
    this.trail.onEntry(() => this.feed.wake());
    this.retention = new Retention({ database, audit: this.#audit, trail: this.trail, conditions, clock, turns, exports: new Exports(join(dataDir, "audit-export"), clock), sent: () => this.feed.position });
    const why = this.#heads.compare(opened.setAside !== undefined);
    if (why !== undefined) this.trail.record({ actor: "core", action: "audit.broken", target: LOG, result: "failed", detail: { why } });
  }

  /** Where the log ends: what the cloud keeps, too. */
  get head(): AuditMark {
    const { number, chain } = this.#audit.head;
    return { number, chain };
  }

  page(query: AuditQuery, signal: AbortSignal): Promise<Page> {
    const { opened, turns } = this.#options;
    return readPage(opened.database, turns, query, signal);
  }

  /** First and last number; null for an empty log. */
  ends(): { readonly first: number | null; readonly last: number | null } {
    return this.#options.opened.database.prepare<[], { readonly first: number | null; readonly last: number | null }>("SELECT min(number) AS first, max(number) AS last FROM entries").get() ?? { first: null, last: null };
  }

  /** One walk after the other. With `known`, the log must go through that mark as well. A break becomes a condition. */
  verify(signal: AbortSignal, known?: AuditMark): Promise<Verdict> {
    const walk = this.#verifying.then(() => this.#verify(signal, known));
    this.#verifying = walk.catch(() => undefined);
    return walk;
  }

  /** Until the signal aborts: the log's place in state.db, its time, its reserve and its age. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, isKeyLasting, log } = this.#options;
    const due = { time: 0, refill: 0, retain: clock.uptimeMs() + RETAIN_FIRST_MS };
    while (!signal.aborted) {
      try {
        await this.#options.turns.next();
        this.#heads.keep();
        if (clock.uptimeMs() >= due.time) {
          due.time = clock.uptimeMs() + KEEP_TIME_MS;
          this.#audit.time.keep();
        }
        if (clock.uptimeMs() >= due.refill) {
          due.refill = clock.uptimeMs() + REFILL_MS;
          await this.#refill();
        }
        if (isKeyLasting && clock.uptimeMs() >= due.retain) {
          due.retain = clock.uptimeMs() + RETAIN_MS;
          await this.#retain(signal);
        }
      } catch (error) {
        // Tried again: nothing of it is lost meanwhile.
        if (!signal.aborted) log.warn({ fault: asFault(error, LOG) }, "the audit log's upkeep failed");
      }
      await clock.sleep(TICK_MS, signal).catch(() => undefined);
    }
  }

  /** Before the databases are closed. */
  close(): void {
    this.trail.flush();
    this.#heads.keep();
    this.#audit.time.keep();
  }

  async #verify(signal: AbortSignal, mark: AuditMark | undefined): Promise<Verdict> {
    const { clock, conditions, key, opened, turns } = this.#options;
    const known = [...(this.#heads.known === undefined ? [] : [this.#heads.known]), ...(mark === undefined ? [] : [{ ...mark, keyId: "" }])];
    const verdict = await verifyAudit(opened.database, key, { known, pause: () => clock.sleep(1, signal).then(() => turns.next()) });
    const { broken } = verdict;
    const isNew = broken !== undefined && conditions.raise("AUDIT_CHAIN_BROKEN", LOG, `Entry ${broken.number}: ${broken.why}.`);
    if (isNew) this.trail.record({ actor: "core", action: "audit.broken", target: LOG, result: "failed", detail: { ...broken } });
    return verdict;
  }

  async #refill(): Promise<void> {
    if (await this.#reserve.refill()) this.#options.conditions.clear("AUDIT_ON_RESERVE", LOG);
  }

  /** What is deleted was verified just before: altered times shall not make core itself delete what tells of somebody. */
  async #retain(signal: AbortSignal): Promise<void> {
    try {
      await this.verify(signal);
      await this.retention.run(signal);
    } catch (error) {
      if (!isFault(error, "CANCELLED")) throw error;
    }
  }
}
