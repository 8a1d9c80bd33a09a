// The certificate authority of the machines, kept in the vault: an own one, apart from any that people's browsers trust.

import { X509Certificate } from "node:crypto";
import Type from "typebox";
import type { Static } from "typebox";
import { Compile } from "typebox/compile";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault, isFault } from "../../../drivers/contract/fault.ts";
import type { By } from "../accounts/actor.ts";
import type { AuditTrail } from "../audit/trail.ts";
import type { OwnName, Vault } from "../vault/vault.ts";
import { issue } from "./issue.ts";
import { domainOf } from "./names.ts";
import { isWithin } from "./permitted-subnets.ts";

const KeptAuthority = Type.Object({
  certificate: Type.String(),
  key: Type.String(),
  /** As it was called when the CA was made; what machines trust does not change with a setting. */
  gateway: Type.String(),
  domain: Type.String(),
  subnets: Type.Array(Type.String()),
});
const isAuthority = Compile(KeptAuthority);
const NAME: OwnName = "_machine-ca";

/** All of it, for who issues. Not to be kept. */
export type SigningAuthority = Static<typeof KeptAuthority>;

/** What may be known of it. */
export interface Authority {
  readonly certificate: string;
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
  /** Whether it may name this address. */
  permits(address: string): boolean;
}

export class MachineCa {
  readonly #vault: Vault | Fault;
  readonly #clock: Clock;
  readonly #trail: AuditTrail;
  /** Undefined while there is none yet. */
  #authority: Authority | undefined;

  /** Reads what there is; a vault that cannot be read is told by `signing`. */
  constructor(vault: Vault | Fault, clock: Clock, trail: AuditTrail) {
    this.#vault = vault;
    this.#clock = clock;
    this.#trail = trail;
    try {
      const kept = this.#read();
      this.#authority = kept === undefined ? undefined : describe(kept);
    } catch (error) {
      if (!isFault(error)) throw error;
    }
  }

  get authority(): Authority | undefined {
    return this.#authority;
  }

  /** Throws STORAGE_DAMAGED where there is none: for those who have just seen to it that there is. */
  demandAuthority(): Authority {
    if (this.#authority === undefined) throw new Fault("STORAGE_DAMAGED", "the machine CA cannot be read", { where: "vault.db" });
    return this.#authority;
  }

  /** With its key. Undefined where there is none yet. Throws where the vault cannot be opened, or STORAGE_DAMAGED where it does not give the CA back. */
  signing(): SigningAuthority | undefined {
    return this.#read();
  }

  /** A new CA in place of the present one, with nothing that the former has issued. Durable when it resolves. */
  async make(gateway: string, subnets: readonly string[], actor: By, signal: AbortSignal): Promise<SigningAuthority> {
    const vault = this.#open();
    const domain = domainOf(gateway);
    const { certificate, key = "" } = await issue({ kind: "authority", gateway, domain, subnets }, this.#clock, signal);
    const made: SigningAuthority = { certificate, key, gateway, domain, subnets: [...subnets] };
    vault.setOwn(NAME, JSON.stringify(made));
    const former = this.#authority?.fingerprint;
    this.#authority = describe(made);
    this.#trail.record({ actor, action: "machine-ca.made", target: "machine CA", result: "done", detail: { fingerprint: this.#authority.fingerprint, ...(former === undefined ? {} : { former }) } });
    return made;
  }

  #read(): SigningAuthority | undefined {
    try {
      const text = this.#open().readOwn(NAME);
      if (text === undefined) return undefined;
      const kept: unknown = JSON.parse(text);
      if (isAuthority.Check(kept)) return kept;
      throw new Fault("STORAGE_DAMAGED", "what the vault holds of the machine CA is none");
    } catch (error) {
      if (isFault(error) && error.code !== "STORAGE_DAMAGED") throw error;
      throw new Fault("STORAGE_DAMAGED", "the machine CA cannot be read back from the vault", { where: "vault.db", remedy: "Make a new one with `weir ca renew`, and enrol the machines anew.", cause: error });
    }
  }

  #open(): Vault {
    if (isFault(this.#vault)) throw this.#vault;
    return this.#vault;
  }
}

function describe({ certificate, subnets }: SigningAuthority): Authority {
  return { certificate, fingerprint: fingerprintOf(certificate), permits: (address) => isWithin(address, subnets) };
}

/** SHA-256 of a certificate, lower-case hexadecimal. */
export function fingerprintOf(pem: string): string {
  return new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();
}
