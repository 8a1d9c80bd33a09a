// Which machine may publish to the gateway, and by what it proves itself: fingerprints only, nothing that would let anybody in.

import type { Database, Statement } from "better-sqlite3";
import { storageFault } from "../storage/open-database.ts";

/** A certificate that was issued to a machine. */
export interface IssuedCertificate {
  /** SHA-256, lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly serial: string;
  readonly subject: string;
  /** Fingerprint of the CA that issued it. */
  readonly ca: string;
  readonly issuedAt: string;
}

export interface Enrolment {
  /** Name of the assignment. */
  readonly name: string;
  readonly passwordSha256?: string;
  readonly certificates: readonly IssuedCertificate[];
  /** Fingerprint of the CA that the machine was given, last. */
  readonly ca: string;
  readonly changedAt: string;
  /** Who enrolled it, last. */
  readonly actor: string;
}

interface Row {
  readonly name: string;
  readonly passwordSha256: string | null;
  readonly certificates: string;
  readonly ca: string;
  readonly changedAt: string;
  readonly actor: string;
}

/** Makes the table where it is missing. Throws what SQLite throws where it is not as expected. */
export function prepareEnrolmentSchema(database: Database): void {
  database.exec("CREATE TABLE IF NOT EXISTS enrolments (name TEXT PRIMARY KEY, passwordSha256 TEXT, certificates TEXT NOT NULL, ca TEXT NOT NULL, changedAt TEXT NOT NULL, actor TEXT NOT NULL) STRICT, WITHOUT ROWID");
  database.prepare("SELECT name, passwordSha256, certificates, ca, changedAt, actor FROM enrolments LIMIT 1").get();
}

/** All of them in memory, each change in state.db when the call returns. */
export class Enrolments {
  readonly #store: Statement<[string, string | null, string, string, string, string]>;
  readonly #remove: Statement<[string]>;
  readonly #known = new Map<string, Enrolment>();

  constructor(database: Database) {
    this.#store = database.prepare("INSERT OR REPLACE INTO enrolments (name, passwordSha256, certificates, ca, changedAt, actor) VALUES (?, ?, ?, ?, ?, ?)");
    this.#remove = database.prepare("DELETE FROM enrolments WHERE name = ?");
    for (const row of database.prepare<[], Row>("SELECT name, passwordSha256, certificates, ca, changedAt, actor FROM enrolments").all()) this.#known.set(row.name, readRow(row));
  }

  get(name: string): Enrolment | undefined {
    return this.#known.get(name);
  }

  all(): Iterable<Enrolment> {
    return this.#known.values();
  }

  /** Throws STORAGE_FULL and the like; then the former stays. */
  set(enrolment: Enrolment): void {
    const { name, passwordSha256 = null, certificates, ca, changedAt, actor } = enrolment;
    try {
      this.#store.run(name, passwordSha256, JSON.stringify(certificates), ca, changedAt, actor);
    } catch (error) {
      throw storageFault(error, "state.db");
    }
    this.#known.set(name, enrolment);
  }

  /** True where there was one. */
  delete(name: string): boolean {
    try {
      this.#remove.run(name);
    } catch (error) {
      throw storageFault(error, "state.db");
    }
    return this.#known.delete(name);
  }
}

function readRow({ passwordSha256, certificates, ...row }: Row): Enrolment {
  return { ...row, certificates: JSON.parse(certificates) as IssuedCertificate[], ...(passwordSha256 === null ? {} : { passwordSha256 }) };
}
