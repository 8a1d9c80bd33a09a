// One thing that core keeps for itself in the vault, under a name that nobody else can give.

import type { Static, TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { Fault, isFault } from "../../../drivers/contract/fault.ts";
import type { OwnName, Vault } from "../vault/vault.ts";

export class OwnRecord<Schema extends TSchema> {
  readonly #vault: Vault | Fault;
  readonly #name: OwnName;
  readonly #check: { Check(value: unknown): boolean };

  constructor(vault: Vault | Fault, name: OwnName, schema: Schema) {
    this.#vault = vault;
    this.#name = name;
    this.#check = Compile(schema);
  }

  /** Undefined where there is none. Throws where the vault cannot be opened, and STORAGE_DAMAGED for what does not come back as it was. */
  read(): Static<Schema> | undefined {
    try {
      const text = this.#open().readOwn(this.#name);
      if (text === undefined) return undefined;
      const kept: unknown = JSON.parse(text);
      if (this.#check.Check(kept)) return kept as Static<Schema>;
      throw new Fault("STORAGE_DAMAGED", `what the vault holds of ${this.#name} is none`);
    } catch (error) {
      if (isFault(error) && error.code !== "STORAGE_DAMAGED") throw error;
      throw new Fault("STORAGE_DAMAGED", `${this.#name.slice(1)} cannot be read back from the vault`, { where: "vault.db", cause: error });
    }
  }

  /** Durable when it returns. Throws STORAGE_FULL and the like. */
  write(value: Static<Schema>): void {
    this.#open().setOwn(this.#name, JSON.stringify(value));
  }

  /** Durable when it returns. */
  delete(): void {
    this.#open().deleteOwn(this.#name);
  }

  #open(): Vault {
    if (isFault(this.#vault)) throw this.#vault;
    return this.#vault;
  }
}
