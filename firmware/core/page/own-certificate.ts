// The certificate that the gateway's own CA issues for the page, kept in the vault and issued anew when the page gets a name that it does not have.

import { X509Certificate } from "node:crypto";
import Type from "typebox";
import type { Static } from "typebox";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { isFault, type Fault } from "../../../drivers/contract/fault.ts";
import type { AuditTrail } from "../audit/trail.ts";
import { issue } from "../pki/issue.ts";
import { fingerprintOf } from "../pki/machine-ca.ts";
import { OwnRecord } from "../pki/own-record.ts";
import type { SigningPeopleCa } from "../pki/people-ca.ts";
import type { Vault } from "../vault/vault.ts";

const KeptPair = Type.Object({ certificate: Type.String(), key: Type.String(), names: Type.Array(Type.String()) });
export type OwnPair = Static<typeof KeptPair>;

/** Addresses come and go with DHCP leases, not by the second: what asks for more in a minute waits for the next. */
const MOST_PER_MINUTE = 8;

export class OwnCertificate {
  readonly #record: OwnRecord<typeof KeptPair>;
  readonly #clock: Clock;
  readonly #trail: AuditTrail;
  #issuedMs: readonly number[] = [];
  #current: OwnPair | undefined;

  constructor(vault: Vault | Fault, clock: Clock, trail: AuditTrail) {
    this.#record = new OwnRecord(vault, "_page-own", KeptPair);
    this.#clock = clock;
    this.#trail = trail;
  }

  /**
   * A certificate of this authority that has all of `names`: the one that is kept where it does, a new one with a new key else. One name too many
   * in it harms nobody and changes nothing, so that people need not look at a new fingerprint. What is too often in a minute stays as it is.
   */
  async keep(authority: SigningPeopleCa, names: readonly string[], signal: AbortSignal): Promise<OwnPair> {
    const current = (this.#current ??= this.#load());
    const isTrusted = current !== undefined && isIssuedBy(current.certificate, authority.certificate);
    if (isTrusted && (names.every((name) => current.names.includes(name)) || !this.#mayIssue())) return current;
    const { certificate, key = "" } = await issue({ kind: "page", authority: { certificate: authority.certificate, key: authority.key }, gateway: authority.gateway, names }, this.#clock, signal);
    const issued: OwnPair = { certificate, key, names: [...names] };
    this.#record.write(issued);
    this.#current = issued;
    this.#issuedMs = [...this.#issuedMs, this.#clock.uptimeMs()];
    this.#trail.record({ actor: "core", action: "page-certificate.issued", target: "page", result: "done", detail: { fingerprint: fingerprintOf(certificate), names } });
    return issued;
  }

  #mayIssue(): boolean {
    const sinceMs = this.#clock.uptimeMs() - 60_000;
    this.#issuedMs = this.#issuedMs.filter((atMs) => atMs > sinceMs);
    return this.#issuedMs.length < MOST_PER_MINUTE;
  }

  /** What is kept and cannot be read is issued anew. */
  #load(): OwnPair | undefined {
    try {
      return this.#record.read();
    } catch (error) {
      if (isFault(error, "STORAGE_DAMAGED")) return undefined;
      throw error;
    }
  }
}

function isIssuedBy(certificate: string, authority: string): boolean {
  const [own, issuer] = [new X509Certificate(certificate), new X509Certificate(authority)];
  return own.checkIssued(issuer) && own.verify(issuer.publicKey);
}
