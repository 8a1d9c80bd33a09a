// Shows that the vault keeps secrets from everybody but whom they are for, and notices every changed byte.

import Database from "better-sqlite3";
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isFault } from "../../../../drivers/contract/fault.ts";
import { keyFile } from "../../../../firmware/core/vault/key-file.ts";
import { openVault } from "../../../../firmware/core/vault/open-vault.ts";
import type { OpenedVault } from "../../../../firmware/core/vault/open-vault.ts";
import { findSecretNames } from "../../../../firmware/core/vault/secret-names.ts";
import type { Vault } from "../../../../firmware/core/vault/vault.ts";
import { makeFakeClock } from "../../../support/fake-clock.ts";
import { assert, suite } from "../../../support/suite.ts";
import type { Defer } from "../../../support/suite.ts";
import { makeTempDir } from "../../../support/temp-dir.ts";

function open(dataDir: string, defer: Defer): OpenedVault {
  const opened = openVault(dataDir, keyFile(dataDir), makeFakeClock());
  defer(() => opened.close());
  return opened;
}

function usable(opened: OpenedVault): Vault {
  if (isFault(opened.vault)) throw opened.vault;
  return opened.vault;
}

/** Sets two secrets, closes, changes the database by `tamper`, and opens it again. */
function tampered(defer: Defer, tamper: (database: Database.Database) => unknown): Vault {
  const dataDir = makeTempDir(defer);
  const opened = open(dataDir, defer);
  usable(opened).set("machine.password", "first secret");
  usable(opened).set("cloud.password", "other secret");
  opened.close();
  const database = new Database(join(dataDir, "vault.db"));
  tamper(database);
  database.close();
  return usable(open(dataDir, defer));
}

function flipByte(database: Database.Database, column: string): void {
  const bytes = database.prepare<[], Buffer>(`SELECT ${column} FROM secrets WHERE name = 'machine.password'`).pluck().get();
  if (bytes === undefined) throw new Error("the secret is not there");
  bytes[3] = (bytes[3] ?? 0) ^ 1;
  database.prepare(`UPDATE secrets SET ${column} = ? WHERE name = 'machine.password'`).run(bytes);
}

suite("vault", (test) => {
  test("CR 4.1 what core keeps for itself is neither named nor read nor deleted as a secret", ({ defer }) => {
    const vault = usable(open(makeTempDir(defer), defer));
    vault.setOwn("_machine-ca", "own");
    assert.equal([vault.names(), vault.read("_machine-ca"), vault.delete("_machine-ca"), vault.readOwn("_machine-ca")], [[], undefined, false, "own"]);
    assert.throws(() => vault.set("_machine-ca", "x"), /no name for a secret/);
  });
  test("gives back what was set, also after a restart, and lists names only", ({ defer }) => {
    const dataDir = makeTempDir(defer);
    const opened = open(dataDir, defer);
    usable(opened).set("cloud-key", "päss\nwörd\n");
    usable(opened).set("a.b", "x");
    opened.close();
    const vault = usable(open(dataDir, defer));
    assert.equal(vault.names(), ["a.b", "cloud-key"]);
    assert.is(vault.read("cloud-key"), "päss\nwörd\n");
    assert.is(vault.read("unknown"), undefined);
    assert.is(vault.delete("a.b"), true);
    assert.is(vault.delete("a.b"), false);
    assert.equal(vault.names(), ["cloud-key"]);
  });
  test("refuses names and lengths that are not allowed", ({ defer }) => {
    const vault = usable(open(makeTempDir(defer), defer));
    for (const name of ["", "UPPER", "a b", "../x", "-a", "a".repeat(64)]) assert.throws(() => vault.set(name, "x"), "INPUT_INVALID");
    assert.throws(() => vault.set("a", ""), "INPUT_INVALID");
    assert.throws(() => vault.set("a", "x".repeat(32_769)), "INPUT_INVALID");
  });
  test("never uses a nonce twice, even for the same text under the same name", ({ defer }) => {
    const dataDir = makeTempDir(defer);
    const vault = usable(open(dataDir, defer));
    const database = new Database(join(dataDir, "vault.db"), { readonly: true });
    defer(() => database.close());
    const seen = new Set<string>();
    for (let round = 0; round < 50; round += 1) {
      vault.set("same", "text");
      const row = database.prepare<[], { nonce: Buffer; ciphertext: Buffer }>("SELECT nonce, ciphertext FROM secrets").get();
      assert.is(row?.nonce.length, 12);
      seen.add(`${row?.nonce.toString("hex")} ${row?.ciphertext.toString("hex")}`);
    }
    assert.is(seen.size, 50);
  });
  test("CR 4.1 refuses a secret with a flipped byte of ciphertext, tag or nonce", ({ defer }) => {
    for (const column of ["ciphertext", "tag", "nonce"]) {
      const vault = tampered(defer, (database) => flipByte(database, column));
      const fault = assert.throws(() => vault.read("machine.password"), "STORAGE_DAMAGED");
      assert.not.match(String(fault), /first secret/);
      assert.is(vault.read("cloud.password"), "other secret");
    }
  });
  test("CR 4.1 refuses two secrets whose names were swapped", ({ defer }) => {
    const vault = tampered(defer, (database) => database.exec("UPDATE secrets SET name = 'x' WHERE name = 'machine.password'; UPDATE secrets SET name = 'machine.password' WHERE name = 'cloud.password'; UPDATE secrets SET name = 'cloud.password' WHERE name = 'x'"));
    assert.throws(() => vault.read("machine.password"), "STORAGE_DAMAGED");
    assert.throws(() => vault.read("cloud.password"), "STORAGE_DAMAGED");
  });
  test("CR 4.1 refuses a changed version", ({ defer }) => {
    assert.throws(() => tampered(defer, (database) => database.exec("UPDATE secrets SET version = version + 1")).read("cloud.password"), "STORAGE_DAMAGED");
  });
  test("a damaged vault is set aside with its name", ({ defer }) => {
    const dataDir = makeTempDir(defer);
    const opened = open(dataDir, defer);
    usable(opened).set("a", "x");
    opened.close();
    writeFileSync(join(dataDir, "vault.db"), Buffer.alloc(8192, 7));
    const again = open(dataDir, defer);
    assert.ok(again.setAside !== undefined && existsSync(again.setAside.path));
    assert.equal(usable(again).names(), []);
  });
});

suite("vault key", (test) => {
  test("CR 1.14 is made once, 32 random bytes for the owner alone, and no draft is left", ({ defer }) => {
    const dataDir = makeTempDir(defer);
    const first = keyFile(dataDir).load(true);
    const found = statSync(join(dataDir, "vault.key"));
    assert.is(found.size, 32);
    assert.is(found.mode & 0o777, 0o600);
    assert.equal(keyFile(dataDir).load(false), first);
    assert.not.equal(keyFile(makeTempDir(defer)).load(true), first);
    assert.not.ok(existsSync(join(dataDir, `vault.key.${process.pid}.new`)));
  });
  test("databases beside it are for the owner alone", ({ defer }) => {
    const dataDir = makeTempDir(defer);
    usable(open(dataDir, defer)).set("a", "x");
    for (const name of ["vault.db", "vault.db-wal", "vault.db-shm"]) assert.is(statSync(join(dataDir, name)).mode & 0o777, 0o600, name);
  });
  const wrong: readonly (readonly [string, RegExp, (path: string) => void])[] = [
    ["readable for others", /mode 0644/, (path) => chmodSync(path, 0o644)],
    ["too short", /16 bytes/, (path) => writeFileSync(path, Buffer.alloc(16))],
    ["too long", /33 bytes/, (path) => writeFileSync(path, Buffer.alloc(33))],
    ["a link", /link/, (path) => (renameSync(path, `${path}.real`), symlinkSync(`${path}.real`, path))],
    ["missing while secrets are there", /missing/, (path) => rmSync(path)],
  ];
  for (const [name, words, spoil] of wrong) {
    test(`one that is ${name} is refused with the reason, and nothing is overwritten`, ({ defer }) => {
      const dataDir = makeTempDir(defer);
      const opened = open(dataDir, defer);
      usable(opened).set("a", "x");
      opened.close();
      const path = join(dataDir, "vault.key");
      spoil(path);
      const before = existsSync(path) ? readFileSync(path) : undefined;
      const again = open(dataDir, defer);
      const { vault } = again;
      assert.ok(isFault(vault, "ACCESS_DENIED"));
      assert.match(String(vault), words);
      assert.equal(existsSync(path) ? readFileSync(path) : undefined, before);
    });
  }
});

suite("secret names", (test) => {
  test("are found at any depth, each once, and only where the reference is the whole object", () => {
    const value = { tls: { ca: { secret: "ca" } }, list: [{ secret: "b" }, { secret: "ca" }], other: { secret: "not", more: 1 }, secret: "text" };
    assert.equal(findSecretNames(value), ["ca", "b"]);
    assert.equal(findSecretNames(null), []);
  });
});
