// Secrets as core uses them: exactly those a receiver's own configuration names, with a condition for what is missing.

import { Fault, isFault } from "../../../drivers/contract/fault.ts";
import type { By } from "../accounts/actor.ts";
import type { AuditTrail } from "../audit/trail.ts";
import type { Conditions } from "../health/conditions.ts";
import type { Turns } from "../turns.ts";
import { findSecretNames } from "./secret-names.ts";
import type { Vault } from "./vault.ts";

/** Where each secret is referred to, by its name. */
export type SecretUsers = ReadonlyMap<string, string>;

export class Secrets {
  readonly #vault: Vault | Fault;
  readonly #conditions: Conditions;
  readonly #trail: AuditTrail;
  #checking: Promise<unknown> = Promise.resolve();

  constructor(vault: Vault | Fault, conditions: Conditions, trail: AuditTrail) {
    this.#vault = vault;
    this.#conditions = conditions;
    this.#trail = trail;
    if (isFault(vault)) conditions.raise("VAULT_KEY_UNUSABLE", "vault.key", vault.toString());
  }

  /** The texts of the secrets that `value` refers to and that can be read; the others are conditions, not errors. */
  textsFor(value: unknown): Record<string, string> {
    const texts: Record<string, string> = {};
    for (const name of findSecretNames(value)) {
      const text = this.#read(name);
      if (text !== undefined) texts[name] = text;
    }
    return texts;
  }

  /**
   * Raises and clears SECRET_MISSING in portions, one check after the other, so that the last one sees what is in force: `find` gives, for each secret,
   * where the configuration refers to it. Resolves with that.
   */
  checkMissing(find: () => Promise<SecretUsers>, turns: Turns): Promise<SecretUsers> {
    const check = this.#checking.then(async () => {
      const users = await find();
      await this.#check(users, turns);
      return users;
    });
    this.#checking = check.catch(() => undefined);
    return check;
  }

  async #check(users: SecretUsers, turns: Turns): Promise<void> {
    const vault = this.#vault;
    if (isFault(vault)) return;
    const known = new Set(vault.names());
    const isMissing = (name: string): boolean => users.has(name) && !known.has(name);
    const standing = this.#conditions.list().filter(({ code, subject }) => code === "SECRET_MISSING" && !isMissing(subject));
    await turns.each(standing, ({ subject }) => void this.#conditions.clear("SECRET_MISSING", subject));
    const missing = [...users].filter(([name]) => isMissing(name));
    await turns.each(missing, ([name, where]) => void this.#conditions.raise("SECRET_MISSING", name, where));
  }

  names(): readonly string[] {
    return this.#open().names();
  }

  /** Durable and recorded when it returns. */
  set(name: string, text: string, actor: By): void {
    this.#open().set(name, text);
    this.#conditions.clear("SECRET_UNREADABLE", name);
    this.#trail.record({ actor, action: "secret.set", target: name, result: "done" });
  }

  /** Throws NOT_FOUND when there is none. */
  delete(name: string, actor: By): void {
    if (!this.#open().delete(name)) throw new Fault("NOT_FOUND", `there is no secret ${name}`, { remedy: "`weir secret list` shows the names." });
    this.#conditions.clear("SECRET_UNREADABLE", name);
    this.#trail.record({ actor, action: "secret.deleted", target: name, result: "done" });
  }

  #open(): Vault {
    if (isFault(this.#vault)) throw this.#vault;
    return this.#vault;
  }

  #read(name: string): string | undefined {
    if (isFault(this.#vault)) return undefined;
    try {
      return this.#vault.read(name);
    } catch (error) {
      if (!isFault(error, "STORAGE_DAMAGED")) throw error;
      this.#conditions.raise("SECRET_UNREADABLE", name, error.message);
      return undefined;
    }
  }
}
