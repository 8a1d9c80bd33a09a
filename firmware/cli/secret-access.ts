// Where `weir secret` finds the vault: in the running gateway, or in the data directory of one that is stopped.

import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { Fault, isFault } from "../../drivers/contract/fault.ts";
import { Audit } from "../core/audit/audit.ts";
import { prepareAuditSchema } from "../core/audit/audit-schema.ts";
import { AuditTrail } from "../core/audit/trail.ts";
import { Conditions } from "../core/health/conditions.ts";
import { openDatabase } from "../core/storage/open-database.ts";
import { keyFile } from "../core/vault/key-file.ts";
import { openVault } from "../core/vault/open-vault.ts";
import { Secrets } from "../core/vault/secrets.ts";
import { MAX_SECRET_LENGTH } from "../core/vault/vault.ts";
import { holdDataDir } from "../runtime/instance-lock.ts";
import { systemClock } from "../runtime/system-clock.ts";
import { askCore } from "./ask-core.ts";

/** Actor of the audit entries: whoever may run the command as this user. */
const ACTOR = "local";

export function setSecret(dataDir: string, name: string, text: string): Promise<void> {
  return withSecrets(
    dataDir,
    async (client, signal) => void (await client.call("setSecret", { name, text }, signal)),
    (secrets) => secrets.set(name, text, ACTOR),
  );
}

export function listSecrets(dataDir: string): Promise<readonly string[]> {
  return withSecrets<readonly string[]>(
    dataDir,
    async (client, signal) => (await client.call("secretNames", {}, signal)).names,
    (secrets) => secrets.names(),
  );
}

/** Throws NOT_FOUND when there is none. */
export function deleteSecret(dataDir: string, name: string): Promise<void> {
  return withSecrets(
    dataDir,
    async (client, signal) => void (await client.call("deleteSecret", { name }, signal)),
    (secrets) => secrets.delete(name, ACTOR),
  );
}

/** Asks the running gateway; where none runs, works on its files while nobody can start one. */
async function withSecrets<Answer>(dataDir: string, ask: Parameters<typeof askCore<Answer>>[1], work: (secrets: Secrets) => Answer): Promise<Answer> {
  const answer = await askCore<{ readonly given: Answer }>(dataDir, async (client, signal) => ({ given: await ask(client, signal) })).catch(explainRefusal);
  if (answer !== undefined) return answer.given;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = await holdDataDir(dataDir);
  try {
    return workOnFiles(resolve(dataDir), work);
  } finally {
    await lock.release();
  }
}

function workOnFiles<Answer>(dataDir: string, work: (secrets: Secrets) => Answer): Answer {
  const opened = openVault(dataDir, keyFile(dataDir), systemClock);
  try {
    if (isFault(opened.vault)) throw opened.vault;
    if (opened.setAside !== undefined) process.stderr.write(`weir: the vault was damaged; it is now ${opened.setAside.path}, and all secrets have to be set again.\n`);
    const audit = openDatabase(join(dataDir, "audit.db"), systemClock, prepareAuditSchema);
    try {
      const conditions = new Conditions(systemClock, (change, { title, cause }) => void (change === "raised" && process.stderr.write(`weir: ${title}: ${cause}\n`)));
      return work(new Secrets(opened.vault, conditions, new AuditTrail(new Audit(audit.database, systemClock, opened.auditKey), conditions, systemClock)));
    } finally {
      audit.log.closeDatabase();
    }
  } finally {
    opened.close();
  }
}

/** The contract's refusal of a name says where, not what a person should write instead. */
function explainRefusal(error: unknown): never {
  if (!isFault(error, "INPUT_INVALID")) throw error;
  throw new Fault("INPUT_INVALID", error.message, { remedy: error.remedy ?? `A name has lower-case letters, digits, \`.\` and \`-\`, at most 63; a secret has 1 to ${MAX_SECRET_LENGTH} characters.`, cause: error });
}
