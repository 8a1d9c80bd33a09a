// An audit log in memory or on files with a clock that the test moves.

import { join } from "node:path";
import { Audit } from "../../../../firmware/core/audit/audit.ts";
import { prepareAuditSchema } from "../../../../firmware/core/audit/audit-schema.ts";
import { Exports } from "../../../../firmware/core/audit/exports.ts";
import type { ExportLimits } from "../../../../firmware/core/audit/exports.ts";
import { AuditReserve } from "../../../../firmware/core/audit/reserve.ts";
import { Retention } from "../../../../firmware/core/audit/retention.ts";
import type { RetentionOptions } from "../../../../firmware/core/audit/retention.ts";
import { AuditTrail } from "../../../../firmware/core/audit/trail.ts";
import { Conditions } from "../../../../firmware/core/health/conditions.ts";
import { openDatabase } from "../../../../firmware/core/storage/open-database.ts";
import type { OpenedDatabase } from "../../../../firmware/core/storage/open-database.ts";
import { Turns } from "../../../../firmware/core/turns.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import type { FakeClock } from "../../../support/fake-clock.ts";
import type { Defer } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";

export const KEY = Buffer.alloc(32, 1);
export const DAY_MS = 86_400_000;

export interface Fixture {
  readonly folder: string;
  readonly clock: FakeClock;
  readonly opened: OpenedDatabase;
  readonly audit: Audit;
  readonly conditions: Conditions;
  readonly reserve: AuditReserve;
  readonly trail: AuditTrail;
  readonly exports: Exports;
  retention(more?: Partial<RetentionOptions>): Retention;
  /** So many entries of a person, `apartMs` from each other. */
  write(count: number, apartMs?: number): Promise<void>;
  close(): void;
}

export interface FixtureOptions {
  readonly folder?: string;
  readonly clock?: FakeClock;
  readonly limits?: ExportLimits;
}

export function openFixture(defer: Defer, { folder = makeTempDir(defer), clock = makeFakeClock(), limits }: FixtureOptions = {}): Fixture {
  const opened = openDatabase(join(folder, "audit.db"), clock, prepareAuditSchema);
  const close = (): void => opened.log.closeDatabase();
  defer(close);
  const conditions = new Conditions(clock, () => undefined);
  const audit = new Audit(opened.database, clock, KEY);
  const reserve = new AuditReserve(join(folder, "audit.reserve"), opened.database, opened.log);
  const trail = new AuditTrail(audit, conditions, clock, reserve);
  const exports = new Exports(join(folder, "audit-export"), clock, limits);
  const turns = new Turns(clock);
  return {
    folder,
    clock,
    opened,
    audit,
    conditions,
    reserve,
    trail,
    exports,
    retention: (more = {}) => new Retention({ database: opened.database, audit, trail, conditions, clock, turns, exports, sent: () => 0, ...more }),
    write: async (count, apartMs = 0) => {
      for (let made = 0; made < count; made += 1) {
        trail.record({ actor: { name: "anna", zone: "admin", source: "192.0.2.7" }, action: "secret.set", target: `s${made}`, result: "done" });
        if (apartMs > 0) await clock.advance(apartMs);
      }
    },
    close,
  };
}
