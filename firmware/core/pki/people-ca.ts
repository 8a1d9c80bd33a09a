// The certificate authority that people may give to their browsers: apart from the machines' in key, name and what it may name.

import Type from "typebox";
import type { Static } from "typebox";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { isFault, type Fault } from "../../../drivers/contract/fault.ts";
import type { AuditEvent } from "../audit/audit.ts";
import type { AuditTrail } from "../audit/trail.ts";
import type { Vault } from "../vault/vault.ts";
import { issue } from "./issue.ts";
import { fingerprintOf } from "./machine-ca.ts";
import { isAddress } from "./names.ts";
import { OwnRecord } from "./own-record.ts";
import { isWithin } from "./permitted-subnets.ts";

const KeptAuthority = Type.Object({
  certificate: Type.String(),
  key: Type.String(),
  /** As it was called when the CA was made: its organisation. */
  gateway: Type.String(),
  hosts: Type.Array(Type.String()),
  subnets: Type.Array(Type.String()),
});

/** All of it, for who issues. Not to be kept. */
export type SigningPeopleCa = Static<typeof KeptAuthority>;
export type By = AuditEvent["actor"];

/** What may be known of it. */
export interface PeopleAuthority {
  readonly certificate: string;
  /** SHA-256, lower-case hexadecimal. */
  readonly fingerprint: string;
  /** Whether it may name this host or address. */
  permits(name: string): boolean;
}

export class PeopleCa {
  readonly #record: OwnRecord<typeof KeptAuthority>;
  readonly #clock: Clock;
  readonly #trail: AuditTrail;
  #authority: PeopleAuthority | undefined;

  /** Reads what there is; a vault that cannot be read is told by `signing`. */
  constructor(vault: Vault | Fault, clock: Clock, trail: AuditTrail) {
    this.#record = new OwnRecord(vault, "_people-ca", KeptAuthority);
    this.#clock = clock;
    this.#trail = trail;
    try {
      const kept = this.#record.read();
      this.#authority = kept === undefined ? undefined : describe(kept);
    } catch (error) {
      if (!isFault(error)) throw error;
    }
  }

  get authority(): PeopleAuthority | undefined {
    return this.#authority;
  }

  /** With its key. Undefined where there is none yet. Throws where the vault cannot be opened, or STORAGE_DAMAGED where it does not give the CA back. */
  signing(): SigningPeopleCa | undefined {
    return this.#record.read();
  }

  /** A new CA in place of the present one. Durable when it resolves. */
  async make(scope: Pick<SigningPeopleCa, "gateway" | "hosts" | "subnets">, actor: By, signal: AbortSignal): Promise<SigningPeopleCa> {
    const { certificate, key = "" } = await issue({ kind: "people-authority", ...scope }, this.#clock, signal);
    const made: SigningPeopleCa = { certificate, key, ...scope };
    this.#record.write(made);
    const former = this.#authority?.fingerprint;
    this.#authority = describe(made);
    this.#trail.record({ actor, action: "people-ca.made", target: "people CA", result: "done", detail: { fingerprint: this.#authority.fingerprint, ...(former === undefined ? {} : { former }) } });
    return made;
  }
}

function describe({ certificate, hosts, subnets }: SigningPeopleCa): PeopleAuthority {
  const permits = (name: string): boolean => (!isAddress(name) ? hosts.some((host) => name === host || name.endsWith(`.${host}`)) : isWithin(name, subnets));
  return { certificate, fingerprint: fingerprintOf(certificate), permits };
}
