// The web page as core sees it: where it is to be, what certificate it shows, and how it stands.

import { X509Certificate } from "node:crypto";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, type Fault, type FaultReport } from "../../../drivers/contract/fault.ts";
import type { PageSettings } from "../../conduit/admin.ts";
import type { PageCertificate } from "../../conduit/certificates.ts";
import type { Configuration } from "../../config/schema.ts";
import type { AuditTrail } from "../audit/trail.ts";
import type { Conditions } from "../health/conditions.ts";
import { wordsOf } from "../health/fault-conditions.ts";
import type { Revision } from "../inventory/revision.ts";
import { fingerprintOf } from "../pki/machine-ca.ts";
import { isAddress } from "../pki/names.ts";
import { PeopleCa, type By, type PeopleAuthority, type SigningPeopleCa } from "../pki/people-ca.ts";
import { permittedSubnets } from "../pki/permitted-subnets.ts";
import type { Vault } from "../vault/vault.ts";
import { OwnCertificate, type OwnPair } from "./own-certificate.ts";
import { namesOf, placeOf } from "./page-names.ts";
import { PlantCertificate, type PlantChain } from "./plant-certificate.ts";
import { endingOf } from "./ending.ts";

export interface PageParts {
  readonly vault: Vault | Fault;
  readonly clock: Clock;
  readonly conditions: Conditions;
  readonly trail: AuditTrail;
  /** Advances when what the zone is given changes. */
  readonly revision: Revision;
  readonly gateway: string;
  readonly configuration: () => Configuration;
}

/** What the zone that serves the page says. */
export interface PageReport {
  readonly urls: readonly string[];
  /** Those that it has for the page. */
  readonly addresses?: readonly string[] | undefined;
  readonly fault?: FaultReport | undefined;
}

export type SettingsWithoutBanner = Omit<PageSettings, "banner">;
const SUBJECT = "page";

/** What is shown, with what is known of it. */
interface Shown {
  readonly own: OwnPair;
  readonly plant: PlantChain | undefined;
  readonly authority: PeopleAuthority;
}

export class Page {
  readonly #parts: PageParts;
  readonly #ca: PeopleCa;
  readonly #own: OwnCertificate;
  readonly #plant: PlantCertificate;
  readonly #ending = new AbortController();
  #queue: Promise<unknown> = Promise.resolve();
  #shown: Shown | undefined;
  #told: readonly string[] = [];
  #urls: readonly string[] = [];

  constructor(parts: PageParts) {
    const { vault, clock, trail } = parts;
    this.#parts = parts;
    this.#ca = new PeopleCa(vault, clock, trail);
    this.#own = new OwnCertificate(vault, clock, trail);
    this.#plant = new PlantCertificate(vault, clock, trail);
  }

  /** Where the page answers; empty while it does not. */
  get urls(): readonly string[] {
    return this.#urls;
  }

  /** SHA-256 of the certificate that browsers see, lower-case hexadecimal; undefined while there is none. */
  get fingerprint(): string | undefined {
    return this.#shown === undefined ? undefined : fingerprintOf(this.#shown.plant?.chain ?? this.#shown.own.certificate);
  }

  /** The configuration in force has changed. Never rejects: what does not succeed is a condition, and is tried again with the zone's next question. Nothing is made before somebody needs it. */
  configure(): Promise<void> {
    return this.#inTurn(() => (this.#shown === undefined && this.#parts.configuration().page.enabled ? Promise.resolve() : this.#review()));
  }

  /** Resolves when what the zone can be given is there, or cannot be made: then a condition stands. */
  async prepare(): Promise<void> {
    if (this.#shown === undefined) await this.#inTurn(() => (this.#shown === undefined ? this.#review() : Promise.resolve()));
    await this.#queue;
  }

  /** For the zone; null where there is to be no page, or no certificate could be made: then a condition stands. */
  settings(): SettingsWithoutBanner | null {
    const { configuration, gateway } = this.#parts;
    const current = configuration();
    if (!current.page.enabled || this.#shown === undefined) return null;
    const { own, plant } = this.#shown;
    const { port, interface: wire, addresses } = placeOf(current);
    const names = [...new Set([...namesOf(current, gateway, this.#told), ...(plant?.names ?? [])])];
    const isTrusted = plant !== undefined && plant.names.some((name) => !isAddress(name)) && !this.#endingOf(plant.chain).isOver;
    return { addresses: wire === null ? [...addresses] : [], ...(wire === null ? {} : { interface: wire }), port, certificate: plant?.chain ?? own.certificate, key: plant?.key ?? own.key, names, isTrusted };
  }

  /** The zone says where the page is, what addresses it has for it, or why it is not there. Resolves when the certificate names them. */
  async listening({ urls, addresses, fault }: PageReport): Promise<void> {
    const { conditions } = this.#parts;
    this.#urls = [...urls];
    if (fault === undefined) conditions.clear("PAGE_NOT_SERVED", SUBJECT);
    else conditions.raise("PAGE_NOT_SERVED", SUBJECT, wordsOf(fault, "lost"));
    const isNew = addresses !== undefined && JSON.stringify(addresses) !== JSON.stringify(this.#told);
    if (addresses !== undefined) this.#told = [...addresses];
    if (isNew) await this.#inTurn(() => this.#review());
  }

  /** Once in a while: whether the certificate's end is near. */
  tick(): void {
    const { conditions, configuration } = this.#parts;
    const chain = configuration().page.enabled ? this.#shown?.plant?.chain : undefined;
    const { isOver, isNear, words } = chain === undefined ? { isOver: false, isNear: false, words: "" } : this.#endingOf(chain);
    conditions.become(["PAGE_CERTIFICATE_ENDS", "PAGE_CERTIFICATE_OVER"], SUBJECT, isOver ? { code: "PAGE_CERTIFICATE_OVER", detail: words } : isNear ? { code: "PAGE_CERTIFICATE_ENDS", detail: words } : undefined);
  }

  /** Makes what is missing. Throws where the vault cannot be used. */
  async describe(): Promise<PageCertificate> {
    await this.#inTurn(() => this.#prepare());
    return this.#describe();
  }

  /** A key and a request for the plant's CA, in place of a request before. */
  async request(names: readonly string[], actor: By): Promise<PageCertificate> {
    await this.#inTurn(() => this.#plant.ask(this.#parts.gateway, names, actor, this.#ending.signal));
    return this.describe();
  }

  /** Shown to whoever connects from now on. Throws INPUT_INVALID, and leaves what was. */
  async install(chain: string, actor: By): Promise<PageCertificate> {
    await this.#inTurn(async () => {
      this.#plant.install(chain, actor);
      await this.#review();
    });
    return this.describe();
  }

  /** Back to the gateway's own. */
  async remove(actor: By): Promise<PageCertificate> {
    await this.#inTurn(async () => {
      this.#plant.remove(actor);
      await this.#review();
    });
    return this.describe();
  }

  /** A new CA for people with all the names of today: browsers that know the former must be given it. */
  async renewCa(actor: By): Promise<PageCertificate> {
    await this.#inTurn(async () => {
      await this.#make(actor);
      await this.#review();
    });
    return this.describe();
  }

  /** What is being issued is given up. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#queue;
  }

  async #review(): Promise<void> {
    const { conditions, configuration, revision } = this.#parts;
    if (!configuration().page.enabled) {
      this.#urls = [];
      conditions.become(["PAGE_NOT_SERVED"], SUBJECT);
      conditions.replaceAll("PAGE_NAME_UNNAMED", new Map());
    } else {
      try {
        await this.#prepare();
      } catch (error) {
        if (!this.#ending.signal.aborted) conditions.raise("PAGE_NOT_SERVED", SUBJECT, asFault(error).toString());
      }
    }
    this.tick();
    revision.advance();
  }

  async #prepare(): Promise<void> {
    const { conditions, configuration, gateway } = this.#parts;
    const signing = this.#ca.signing() ?? (await this.#make("core"));
    const { authority } = this.#ca;
    if (authority === undefined) return;
    const names = namesOf(configuration(), gateway, this.#told);
    const plant = this.#plant.current;
    // Whoever opens the page by such a name sees the plant's certificate, where there is one.
    const unnamed = plant === undefined ? names.filter((name) => !authority.permits(name)) : [];
    conditions.replaceAll("PAGE_NAME_UNNAMED", new Map(unnamed.map((name) => [name, ""])));
    const own = await this.#own.keep(signing, names.filter((name) => authority.permits(name)), this.#ending.signal);
    this.#shown = { own, plant, authority };
  }

  #make(actor: By): Promise<SigningPeopleCa> {
    const { configuration, gateway } = this.#parts;
    const names = [...new Set([...namesOf(configuration(), gateway, this.#told), "localhost"])];
    const addresses = names.filter((name) => isAddress(name)).map((address) => `${address}/${address.includes(":") ? 128 : 32}`);
    return this.#ca.make({ gateway, hosts: names.filter((name) => !isAddress(name)), subnets: permittedSubnets([{ subnets: addresses }]) }, actor, this.#ending.signal);
  }

  #describe(): PageCertificate {
    const shown = this.#shown;
    if (shown === undefined) throw asFault(new Error("there is no certificate"), "page");
    const { own, plant, authority } = shown;
    const leaf = new X509Certificate(plant?.chain ?? own.certificate);
    return {
      origin: plant === undefined ? "own" : "plant",
      names: [...(plant ?? own).names],
      issuer: leaf.issuer.replaceAll("\n", ", ").slice(0, 512),
      notAfter: leaf.validToDate.toISOString(),
      fingerprint: fingerprintOf(leaf.toString()),
      ca: authority.certificate,
      caFingerprint: authority.fingerprint,
      request: this.#plant.request ?? null,
    };
  }

  #endingOf(chain: string): ReturnType<typeof endingOf> {
    return endingOf(chain, this.#parts.clock);
  }

  /** One after the other: two that need a CA must not make two. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }
}
