// What the TLS ports of the ingest endpoint show, kept in line with the configuration and with where the zone listens.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Fault } from "../../../drivers/contract/fault.ts";
import type { Configuration } from "../../config/schema.ts";
import type { IngestTls } from "../../conduit/source.ts";
import type { AuditTrail } from "../audit/trail.ts";
import type { Conditions } from "../health/conditions.ts";
import type { Vault } from "../vault/vault.ts";
import type { MachineCa, SigningAuthority } from "./machine-ca.ts";
import { ingestSegments, type IngestSegment, type Listener } from "./own-addresses.ts";
import { isWithin } from "./permitted-subnets.ts";
import { ServerCertificate } from "./server-certificate.ts";

export interface EndpointParts {
  readonly vault: Vault | Fault;
  readonly clock: Clock;
  readonly conditions: Conditions;
  readonly trail: AuditTrail;
  readonly configuration: () => Configuration;
}

export class EndpointTls {
  readonly #parts: EndpointParts;
  readonly #ca: MachineCa;
  readonly #server: ServerCertificate;
  #listeners: readonly Listener[] = [];
  #current: IngestTls | undefined;
  /** Not all addresses are named yet. */
  #isBehind = false;

  constructor(parts: EndpointParts, ca: MachineCa) {
    this.#parts = parts;
    this.#ca = ca;
    this.#server = new ServerCertificate(parts.vault, parts.clock, parts.trail);
  }

  /** Undefined where no TLS port is configured, or nothing could be prepared yet. */
  get current(): IngestTls | undefined {
    return this.#current;
  }

  /** Where machines can publish to, with TLS or without. */
  segments(): readonly IngestSegment[] {
    return ingestSegments(this.#parts.configuration(), this.#listeners);
  }

  /** The zone says where it listens. True where that, or what is left from before, needs a review. */
  hear(listeners: readonly Listener[]): boolean {
    const isSame = JSON.stringify(listeners) === JSON.stringify(this.#listeners);
    this.#listeners = listeners;
    return !isSame || this.#isBehind;
  }

  /** True where something else is shown than before. Asks for the authority only where there is a TLS port. Throws what that or issuing throws; what was shown stays then. */
  async review(demandSigning: () => Promise<SigningAuthority>, signal: AbortSignal): Promise<boolean> {
    const segments = this.segments().filter(({ tlsPort }) => tlsPort !== undefined);
    if (segments.length === 0) this.#parts.conditions.replaceAll("INGEST_ADDRESS_UNNAMED", new Map());
    const former = this.#current;
    this.#current = segments.length === 0 ? undefined : await this.#prepare(segments, await demandSigning(), signal);
    return former?.certificate !== this.#current?.certificate || former?.clientCa !== this.#current?.clientCa;
  }

  async #prepare(segments: readonly IngestSegment[], authority: SigningAuthority, signal: AbortSignal): Promise<IngestTls> {
    const { permits } = this.#ca.demandAuthority();
    const addresses = [...new Set(segments.flatMap((segment) => segment.addresses))];
    const unnamed = addresses.filter((address) => !permits(address));
    this.#parts.conditions.replaceAll("INGEST_ADDRESS_UNNAMED", new Map(unnamed.map((address) => [address, address])));
    const isOurs = (address: string): boolean => permits(address) && segments.some(({ subnets }) => isWithin(address, subnets));
    const named = addresses.filter(permits);
    const { certificate, key, addresses: shown } = await this.#server.keep(authority, named, isOurs, signal);
    this.#isBehind = named.some((address) => !shown.includes(address));
    return { certificate, key, clientCa: authority.certificate };
  }
}
