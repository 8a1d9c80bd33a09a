// The machine CA at work: what the ingest endpoint shows, and who of the machines may publish there.

import { createHash, randomBytes, X509Certificate } from "node:crypto";
import { asFault, Fault } from "../../../drivers/contract/fault.ts";
import type { IngestAccess, IngestTls } from "../../conduit/source.ts";
import { nameOf } from "../accounts/actor.ts";
import type { By } from "../accounts/actor.ts";
import type { Revision } from "../inventory/revision.ts";
import { EndpointTls, type EndpointParts } from "./endpoint-tls.ts";
import type { Enrolment, Enrolments, IssuedCertificate } from "./enrolments.ts";
import { issue } from "./issue.ts";
import { fingerprintOf, MachineCa, type Authority, type SigningAuthority } from "./machine-ca.ts";
import type { Issued } from "./orders.ts";
import type { IngestSegment, Listener } from "./own-addresses.ts";
import { permittedSubnets } from "./permitted-subnets.ts";

export interface PkiParts extends EndpointParts {
  readonly enrolments: Enrolments;
  /** Advances when what zones are given changes. */
  readonly revision: Revision;
  readonly writeTurn: () => Promise<void>;
  readonly gateway: string;
}

export interface EnrolOrder {
  /** Of an assignment. */
  readonly name: string;
  readonly by: "password" | "certificate";
  /** PEM of a PKCS#10 request; without it the key is made here. */
  readonly request?: string;
  readonly actor: By;
  /** Throws where the machine is not accepted; asked again when the enrolment comes into force. */
  demandAccepted(): void;
}

/** Shown once and not kept. */
export interface Enrolled {
  readonly user: string;
  readonly password?: string;
  readonly certificate?: string;
  readonly key?: string;
  /** PEM of the CA. */
  readonly ca: string;
}

const SUBJECT = "machine CA";
const PASSWORD_BYTES = 32;
/** As the source conduit has it. */
const MOST_CERTIFICATES = 8;
/** Names in the words of a condition. */
const NAMED = 10;

export class Pki {
  readonly #parts: PkiParts;
  readonly #ca: MachineCa;
  readonly #endpoint: EndpointTls;
  readonly #ending = new AbortController();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(parts: PkiParts) {
    this.#parts = parts;
    this.#ca = new MachineCa(parts.vault, parts.clock, parts.trail);
    this.#endpoint = new EndpointTls(parts, this.#ca);
  }

  /** What TLS ports of the ingest endpoint show; undefined where none is configured, or nothing can be shown: then a condition stands. */
  get ingestTls(): IngestTls | undefined {
    return this.#endpoint.current;
  }

  /** Where machines can publish to, segment by segment. */
  segments(): readonly IngestSegment[] {
    return this.#endpoint.segments();
  }

  /** By what the machine may prove itself; undefined for one that may not publish. */
  accessOf(name: string): IngestAccess | undefined {
    const { passwordSha256, certificates = [] } = this.#parts.enrolments.get(name) ?? {};
    const valid = certificates.filter(({ ca }) => ca === this.#ca.authority?.fingerprint).map(({ fingerprint }) => fingerprint);
    if (passwordSha256 === undefined && valid.length === 0) return undefined;
    return { ...(passwordSha256 === undefined ? {} : { passwordSha256 }), certificates: valid };
  }

  /** The same in words, for people. */
  provenBy(name: string): ("password" | "certificate")[] {
    const access = this.accessOf(name);
    return [...(access?.passwordSha256 === undefined ? [] : (["password"] as const)), ...((access?.certificates.length ?? 0) === 0 ? [] : (["certificate"] as const))];
  }

  /** The configuration in force has changed, or core has started. Never rejects: what does not succeed is a condition, and is tried again with the zone's next report. */
  configure(): Promise<void> {
    return this.#inTurn(() => this.#review());
  }

  /** The zone says where it listens. */
  listening(listeners: readonly Listener[]): Promise<void> {
    const isDue = this.#endpoint.hear(listeners) || this.#parts.conditions.has("MACHINE_CA_UNUSABLE", SUBJECT);
    if (!isDue) return Promise.resolve();
    return this.configure();
  }

  /** The CA, made now where there is none yet. Throws where the vault cannot be used. */
  authority(actor: By): Promise<Authority> {
    return this.#inTurn(async () => {
      await this.#signing(actor);
      return this.#ca.demandAuthority();
    });
  }

  /** A new CA with a new key: no certificate that the former issued counts any more, and machines must be given the new one. */
  renew(actor: By): Promise<Authority> {
    return this.#inTurn(async () => {
      await this.#make(actor);
      await this.#review();
      this.#parts.revision.advance();
      return this.#ca.demandAuthority();
    });
  }

  /** Durable when it resolves. Throws INPUT_INVALID for a request that is not taken, and for one certificate too many. */
  enrol(order: EnrolOrder): Promise<Enrolled> {
    return this.#inTurn(() => this.#enrol(order));
  }

  /** Takes everything that the machine was enrolled with. True where there was something. Throws STORAGE_FULL and the like. */
  disenrol(name: string, actor: By): boolean {
    const { enrolments, revision, trail } = this.#parts;
    if (enrolments.get(name) === undefined) return false;
    enrolments.delete(name);
    revision.advance();
    trail.record({ actor, action: "machine.disenrolled", target: name, result: "done" });
    this.#noteFormer();
    return true;
  }

  /** What is being issued is given up. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#queue;
  }

  async #enrol({ name, by, request, actor, demandAccepted }: EnrolOrder): Promise<Enrolled> {
    demandAccepted();
    if (by === "password" && request !== undefined) throw new Fault("INPUT_INVALID", "a request is for a certificate, not for a password", { where: name });
    const { clock, enrolments, revision, trail, writeTurn } = this.#parts;
    const authority = await this.#signing(actor);
    const ca = this.#ca.demandAuthority();
    const validNow = (): readonly IssuedCertificate[] => enrolments.get(name)?.certificates.filter((one) => one.ca === ca.fingerprint) ?? [];
    if (by === "certificate" && validNow().length >= MOST_CERTIFICATES) {
      throw new Fault("INPUT_INVALID", `${name} has ${MOST_CERTIFICATES} certificates already`, { where: name, remedy: `Take them all with \`weir assets disenrol ${name}\`, then enrol it again.` });
    }
    const proof = by === "password" ? { password: randomBytes(PASSWORD_BYTES).toString("base64url") } : await this.#issueFor(name, authority, request);
    await writeTurn();
    // What was taken meanwhile must not come back with this.
    demandAccepted();
    const changedAt = new Date(clock.now()).toISOString();
    const added = "certificate" in proof ? [describeCertificate(proof.certificate, ca.fingerprint, changedAt)] : [];
    const passwordSha256 = "password" in proof ? createHash("sha256").update(proof.password).digest("hex") : enrolments.get(name)?.passwordSha256;
    const enrolment: Enrolment = { name, certificates: [...validNow(), ...added], ca: ca.fingerprint, changedAt, actor: nameOf(actor), ...(passwordSha256 === undefined ? {} : { passwordSha256 }) };
    enrolments.set(enrolment);
    revision.advance();
    trail.record({ actor, action: "machine.enrolled", target: name, result: "done", detail: { by, ...added[0] } });
    this.#noteFormer();
    return { user: name, ca: ca.certificate, ...proof };
  }

  #issueFor(name: string, { certificate, key, gateway, domain }: SigningAuthority, request: string | undefined): Promise<Issued> {
    return issue({ kind: "machine", authority: { certificate, key }, gateway, domain, name, ...(request === undefined ? {} : { request }) }, this.#parts.clock, this.#ending.signal);
  }

  async #review(): Promise<void> {
    const { conditions, revision } = this.#parts;
    try {
      if (await this.#endpoint.review(() => this.#signing("core"), this.#ending.signal)) revision.advance();
      conditions.clear("MACHINE_CA_UNUSABLE", SUBJECT);
    } catch (error) {
      if (!this.#ending.signal.aborted) conditions.raise("MACHINE_CA_UNUSABLE", SUBJECT, asFault(error).toString());
    }
    this.#noteFormer();
  }

  /** Machines that were given a CA that is no more, while there is one that they should have. */
  #noteFormer(): void {
    const { conditions, enrolments } = this.#parts;
    const current = this.#ca.authority?.fingerprint;
    const former = current === undefined || this.ingestTls === undefined ? [] : [...enrolments.all()].filter(({ ca }) => ca !== current).map(({ name }) => name);
    if (former.length === 0) return void conditions.clear("MACHINE_CA_REPLACED", SUBJECT);
    const more = former.length > NAMED ? `, and ${former.length - NAMED} more` : "";
    conditions.raise("MACHINE_CA_REPLACED", SUBJECT, `${former.slice(0, NAMED).join(", ")}${more}`);
  }

  async #signing(actor: By): Promise<SigningAuthority> {
    return this.#ca.signing() ?? (await this.#make(actor));
  }

  #make(actor: By): Promise<SigningAuthority> {
    const { configuration, gateway } = this.#parts;
    return this.#ca.make(gateway, permittedSubnets(configuration().segments), actor, this.#ending.signal);
  }

  /** One after the other: two that need a CA must not make two. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }
}

function describeCertificate(pem: string, ca: string, issuedAt: string): IssuedCertificate {
  const { serialNumber, subject } = new X509Certificate(pem);
  return { fingerprint: fingerprintOf(pem), serial: serialNumber.toLowerCase(), subject: subject.replaceAll("\n", ", "), ca, issuedAt };
}
