// Shows that a database's log is copied while writing goes on, and that no power cut meanwhile costs anything.

import Database from "better-sqlite3";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openDatabase } from "../../../../firmware/core/storage/open-database.ts";
import type { OpenedDatabase } from "../../../../firmware/core/storage/open-database.ts";
import { systemClock } from "../../../../firmware/runtime/system-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { Defer } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";

const ROW = "x".repeat(3000);

interface Filled extends OpenedDatabase {
  readonly file: string;
  add(): void;
  count(): number;
}

/** A database whose log is long enough to be copied. */
function fill(defer: Defer): Filled {
  const file = join(makeTempDir(defer), "state.db");
  const opened = openDatabase(file, systemClock, (database) => void database.exec("CREATE TABLE IF NOT EXISTS rows (text TEXT NOT NULL)"));
  defer(() => opened.log.closeDatabase());
  const insert = opened.database.prepare("INSERT INTO rows (text) VALUES (?)");
  const add = (): void => void insert.run(ROW);
  assert.not.ok(opened.log.isDue);
  opened.database.transaction(() => {
    for (let row = 0; row < 1200; row += 1) add();
  })();
  assert.ok(opened.log.isDue);
  return { ...opened, file, add, count: () => countRows(opened.database) };
}

function countRows(database: Database.Database): number {
  return database.prepare<[], number>("SELECT count(*) FROM rows").pluck().get() ?? 0;
}

/** It changes when a writer begins the log anew (sqlite.org/fileformat2.html §4.1). */
function saltOf(file: string): string {
  return readFileSync(`${file}-wal`).subarray(16, 24).toString("hex");
}

suite("log copy", (test) => {
  test("what is written while the disk syncs goes behind the copied part of the log, which is begun anew only afterwards", async ({ defer }) => {
    const { add, count, file, log } = fill(defer);
    const salt = saltOf(file);
    const copying = log.start("readers");
    assert.not.ok(log.isDue);
    add();
    assert.is(saltOf(file), salt);
    await copying;
    assert.not.ok(log.isDue);
    assert.is(count(), 1201);
  });
  test("without anything in between the next write begins the log anew: nothing of ours holds it", async ({ defer }) => {
    const { add, file, log } = fill(defer);
    const salt = saltOf(file);
    await log.start("readers");
    add();
    assert.is.not(saltOf(file), salt);
  });
  test("a power cut before the sync finds every row in the log", async ({ defer }) => {
    const { add, file, log } = fill(defer);
    const after = join(makeTempDir(defer), "state.db");
    // Of the file nothing has come to the disk yet.
    copyFileSync(file, after);
    const copying = log.start("readers");
    add();
    copyFileSync(`${file}-wal`, `${after}-wal`);
    await copying;
    const found = new Database(after);
    defer(() => found.close());
    assert.is(countRows(found), 1201);
    assert.is(found.pragma("integrity_check", { simple: true }), "ok");
  });
  test("others read the database meanwhile and afterwards", async ({ defer }) => {
    const { add, file, log } = fill(defer);
    const reader = new Database(file, { readonly: true });
    defer(() => reader.close());
    const copying = log.start("readers");
    add();
    assert.is(countRows(reader), 1201);
    await copying;
    add();
    assert.is(countRows(reader), 1202);
  });
  test("a database that is closed while its file is synced is whole", async ({ defer }) => {
    const { add, file, log } = fill(defer);
    const copying = log.start("readers");
    add();
    log.closeDatabase();
    log.closeDatabase();
    await copying;
    await log.start("readers");
    const found = new Database(file);
    defer(() => found.close());
    assert.is(countRows(found), 1201);
  });
});
