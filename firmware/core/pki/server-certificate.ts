// The certificate that the ingest endpoint shows, kept in the vault and issued anew when the gateway is reached at other addresses.

import { X509Certificate } from "node:crypto";
import Type from "typebox";
import type { Static } from "typebox";
import { Compile } from "typebox/compile";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, isFault, type Fault } from "../../../drivers/contract/fault.ts";
import type { AuditTrail } from "../audit/trail.ts";
import type { OwnName, Vault } from "../vault/vault.ts";
import { issue } from "./issue.ts";
import { fingerprintOf, type SigningAuthority } from "./machine-ca.ts";

const KeptServer = Type.Object({ certificate: Type.String(), key: Type.String(), addresses: Type.Array(Type.String()) });
const isServer = Compile(KeptServer);
const NAME: OwnName = "_ingest-server";
/** In one certificate. An address that is new displaces the one that was named longest ago. */
const MOST_ADDRESSES = 64;
/** Addresses come and go with DHCP leases, not by the second: what asks for more in a minute waits for the next. */
const MOST_PER_MINUTE = 8;

export type ServerPair = Static<typeof KeptServer>;

export class ServerCertificate {
  readonly #vault: Vault | Fault;
  readonly #clock: Clock;
  readonly #trail: AuditTrail;
  #issuedMs: readonly number[] = [];
  #current: ServerPair | undefined;

  constructor(vault: Vault | Fault, clock: Clock, trail: AuditTrail) {
    this.#vault = vault;
    this.#clock = clock;
    this.#trail = trail;
  }

  /**
   * A certificate of this authority that names all of `addresses`: the one that is kept where it does, a new one with a new key else. `isOurs` says
   * whether an address that was named before still stands in a segment that machines publish from. What is too often in a minute stays as it is.
   */
  async keep(authority: SigningAuthority, addresses: readonly string[], isOurs: (address: string) => boolean, signal: AbortSignal): Promise<ServerPair> {
    const current = (this.#current ??= this.#load());
    const isTrusted = current !== undefined && isIssuedBy(current.certificate, authority.certificate);
    const former = isTrusted ? current.addresses.filter((address) => isOurs(address) && !addresses.includes(address)) : [];
    const wanted = [...addresses, ...former].slice(0, MOST_ADDRESSES);
    if (isTrusted && isSameSet(wanted, current.addresses)) return current;
    if (isTrusted && !this.#mayIssue()) return current;
    return this.#issue(authority, wanted, signal);
  }

  async #issue(authority: SigningAuthority, addresses: readonly string[], signal: AbortSignal): Promise<ServerPair> {
    const { gateway, domain } = authority;
    const { certificate, key = "" } = await issue({ kind: "server", authority: { certificate: authority.certificate, key: authority.key }, gateway, domain, addresses }, this.#clock, signal);
    const issued: ServerPair = { certificate, key, addresses: [...addresses] };
    if (isFault(this.#vault)) throw this.#vault;
    this.#vault.setOwn(NAME, JSON.stringify(issued));
    this.#current = issued;
    this.#issuedMs = [...this.#issuedMs, this.#clock.uptimeMs()];
    this.#trail.record({ actor: "core", action: "ingest-certificate.issued", target: "ingest", result: "done", detail: { fingerprint: fingerprintOf(certificate), addresses } });
    return issued;
  }

  #mayIssue(): boolean {
    const sinceMs = this.#clock.uptimeMs() - 60_000;
    this.#issuedMs = this.#issuedMs.filter((atMs) => atMs > sinceMs);
    return this.#issuedMs.length < MOST_PER_MINUTE;
  }

  /** What is kept and cannot be read is issued anew. */
  #load(): ServerPair | undefined {
    if (isFault(this.#vault)) throw this.#vault;
    try {
      const kept: unknown = JSON.parse(this.#vault.readOwn(NAME) ?? "null");
      return isServer.Check(kept) ? kept : undefined;
    } catch (error) {
      if (asFault(error).code === "STORAGE_DAMAGED" || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }
}

function isIssuedBy(certificate: string, authority: string): boolean {
  const [own, issuer] = [new X509Certificate(certificate), new X509Certificate(authority)];
  return own.checkIssued(issuer) && own.verify(issuer.publicKey);
}

function isSameSet(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one) => others.includes(one));
}
