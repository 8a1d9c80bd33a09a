// The gate of the register: takes what was found, applies the judgement, and knows which found machines are read.

import type { X509Certificate } from "node:crypto";
import { asFault, isFault, type FaultReport } from "../../../drivers/contract/fault.ts";
import type { AssetId } from "../../../drivers/contract/identity.ts";
import type { FoundReport } from "../../conduit/source.ts";
import type { Configuration } from "../../config/schema.ts";
import type { Link } from "../inventory/links.ts";
import type { AcceptanceParts } from "./acceptance-parts.ts";
import { Bounds } from "./bounds.ts";
import { readChain } from "./certificates.ts";
import { Configured } from "./configured.ts";
import { differences } from "./differences.ts";
import { Entries } from "./entries.ts";
import { EntryRows, ownerOf } from "./entry-rows.ts";
import { hasEvidence, judgedBy, readAt } from "./entry.ts";
import type { Entry, Facts, HistoryEvent } from "./entry.ts";
import type { Gate } from "./gate.ts";
import { judge } from "./judge.ts";
import type { Around, Verdict } from "./judge.ts";
import { merge, move, noteClaim, refresh, witness } from "./known.ts";
import { Machines } from "./machines.ts";
import { Presences } from "./presences.ts";
import { Rulebook } from "./rulebook.ts";
import { factsOf } from "./sighting.ts";
import { Tellings } from "./tellings.ts";
import { wait } from "./wait.ts";
import { withdraw } from "./withdraw.ts";

/** What a machine that is still connected elsewhere showed counts for so long once it is lost there. */
const PUT_OFF_MS = 5 * 60_000;
/** Faults of a link that come from what the machine showed at the accepted address. */
const EVIDENT_FAULTS: readonly string[] = ["CERTIFICATE_REFUSED", "IDENTITY_CHANGED"];

export class Acceptance implements Gate {
  readonly parts: AcceptanceParts;
  readonly entries: Entries;
  readonly presences: Presences<string>;
  readonly machines: Machines;
  readonly rulebook: Rulebook;
  readonly tellings: Tellings;
  /** What a configured machine showed of itself last. */
  readonly overlays = new Map<string, Facts>();
  readonly #bounds: Bounds;
  readonly #putOff = new Map<number, { readonly facts: Facts; readonly chain: readonly X509Certificate[]; readonly untilMs: number }>();
  #configured: Configured;
  #coming: Configured | undefined;
  #isAnnounced = true;
  #announce: () => Promise<void> = () => Promise.resolve();

  /** Loads what state.db holds and tells who is suspended. */
  constructor(parts: AcceptanceParts) {
    const { clock, conditions, configuration, database, fading, register, secrets } = parts;
    this.parts = parts;
    this.entries = new Entries(new EntryRows(database), clock);
    this.presences = new Presences(clock);
    this.#configured = Configured.of(configuration.current, register);
    this.machines = new Machines(this.entries, () => this.#configured);
    this.rulebook = new Rulebook(clock, secrets);
    this.tellings = new Tellings(conditions, fading);
    this.#bounds = new Bounds(clock, this.entries, this.presences, (entry) => this.forget(entry.number));
    this.rulebook.replace(configuration.current.acceptance);
    for (const { state, name, changes } of this.entries.all()) if (state === "suspended" && name !== null) conditions.raise("ASSET_SUSPENDED", name, changes.join(" "));
  }

  get configured(): Configured {
    return this.#configured;
  }

  /** Called when other machines are read than before; resolves when the zones are told. */
  onChange(announce: () => Promise<void>): void {
    this.#announce = announce;
  }

  /** What the zone field found in the segment. In as many turns as it takes; resolves when it is in force, not when it is written. */
  async take(segment: string, reports: readonly FoundReport[]): Promise<void> {
    await this.parts.turns.each(reports, (report) => this.#take(segment, report));
    await this.announce();
  }

  /** The configuration will be in force soon: what takes long is made before, in as many turns as it takes, so that `configure` is short. */
  async prepare(coming: Configuration): Promise<void> {
    const configured = this.#configured.configuration === coming ? this.#configured : await Configured.inTurns(coming, this.parts.register, this.parts.turns);
    await this.parts.turns.each(this.entries.all(), (entry) => this.machines.prepare(entry, configured));
    this.#coming = configured;
  }

  /** The configuration in force is another one; `announce` is the caller's. */
  configure(): void {
    const { configuration, register } = this.parts;
    this.#configured = this.#coming?.configuration === configuration.current ? this.#coming : Configured.of(configuration.current, register);
    this.machines.changed();
    for (const [name, { url, id, segment }] of this.overlays) if (this.#configured.nameOf(url, id, segment) !== name) this.overlays.delete(name);
    this.rulebook.replace(configuration.current.acceptance);
  }

  /** After a change of the rules or of a secret: what waits is judged anew by what it showed last, as far as that is known. */
  async judgeAnew(): Promise<void> {
    this.rulebook.replace(this.parts.configuration.current.acceptance);
    await this.parts.turns.each([...this.entries.all()], ({ number }) => {
      const entry = this.entries.get(number);
      if (entry?.state !== "pending") return;
      const { segment, url, id } = entry.facts;
      if (segment === null || this.#configured.subnetsOf(segment) === undefined || this.#configured.nameOf(url, id, segment) !== undefined) return this.forget(number);
      const chain = this.rulebook.chainOf(entry);
      if (chain !== undefined) this.#judge(entry.facts, chain, false);
    });
    await this.announce();
  }

  /** False where another asset answers behind a found machine than was accepted: it is suspended then, and nothing of it is taken. */
  identified(name: string, ids: readonly AssetId[]): boolean {
    const entry = this.machines.entryOf(name);
    if (entry === undefined || entry.judged === null || ids.length === 0) return true;
    const other = ids.find((id) => id !== entry.judged?.id);
    if (other === undefined) return true;
    if (entry.judged.id === null && ids.length === 1 && this.#isFree(other)) {
      // Accepted unseen behind a password: who it is shows now.
      this.entries.put({ ...entry, judged: { ...entry.judged, id: other }, facts: { ...entry.facts, id: other } });
      return true;
    }
    const facts = { ...entry.facts, id: other };
    this.suspend(entry, facts, differences({ ...entry.judged, endpoint: null, fingerprint: null }, facts), "core");
    return false;
  }

  /** After a report on a link: a machine that shows another certificate or identity where it was accepted is suspended. True then. */
  linkTold(name: string, { state, fault }: Link): boolean {
    const entry = this.machines.entryOf(name);
    if (entry === undefined) return false;
    if (fault !== undefined && state !== "connected" && EVIDENT_FAULTS.includes(fault.code) && isAbout(fault, readAt(entry))) {
      this.suspend(entry, entry.facts, [fault.message.slice(0, 1024)], "core");
      return true;
    }
    const late = this.#putOff.get(entry.number);
    if (late === undefined || state === "connected") return false;
    this.#putOff.delete(entry.number);
    if (this.parts.clock.uptimeMs() < late.untilMs) this.#judge(late.facts, late.chain);
    return false;
  }

  changed(): void {
    this.machines.changed();
    this.#isAnnounced = false;
  }

  /** Tells that other machines are read, where it is so. Never rejects: what could not be written is tried again with the next call, at the latest in a second. */
  async announce(): Promise<void> {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    try {
      await this.#announce();
    } catch (error) {
      this.#isAnnounced = false;
      this.parts.log.warn({ fault: asFault(error, "state.db") }, "the machines that are read cannot be placed yet");
    }
  }

  /** It is read no more until a person has looked: what a connection to its own address showed is not what was accepted. */
  suspend(entry: Entry, facts: Facts, changes: readonly string[], actor: string): void {
    const words = changes.join(" ");
    withdraw(this, { ...entry, state: "suspended", facts, changes: [...changes] }, { actor, action: "asset.suspended", event: "suspended", words });
    if (entry.name !== null) this.parts.conditions.raise("ASSET_SUSPENDED", entry.name, words);
  }

  event(kind: HistoryEvent["kind"], actor: string, detail: string): HistoryEvent {
    return { at: new Date(this.parts.clock.now()).toISOString(), kind, actor, detail: detail.slice(0, 2048) };
  }

  /** Drops it from memory, and from state.db with the next portion. */
  forget(number: number): void {
    this.entries.remove(number);
    this.presences.forget(String(number));
    this.rulebook.forget(number);
    this.#putOff.delete(number);
  }

  /** Once a second: how many wait for a person. */
  tick(): void {
    const count = this.entries.waiting;
    this.parts.conditions.become(["ASSETS_PENDING"], "segments", count === 0 ? undefined : { code: "ASSETS_PENDING", detail: String(count) });
  }

  #isFree(id: AssetId): boolean {
    return this.#configured.nameOf(null, id, null) === undefined && !this.entries.withClaim("id", id).some(({ state }) => state === "accepted");
  }

  #judge(shown: Facts, chain: readonly X509Certificate[], isSeen = true): void {
    const { facts, around } = this.#look(shown);
    const verdict = judge(facts, around);
    const number = this.#apply(verdict, facts, chain, isSeen);
    if (number === undefined) return;
    if (isSeen) this.presences.tell(String(number), "present");
    this.#dropOthers(facts, number);
  }

  /** The facts, with what the same endpoint showed here before where it could not be asked this time, and what is known around them. */
  #look(shown: Facts): { readonly facts: Facts; readonly around: Around } {
    const { entries, presences } = this;
    const here = (entry: Entry): boolean => entry.facts.segment === shown.segment;
    const pending = (shown.url === null ? entries.withClaim("endpoint", shown.endpoint).filter(({ facts }) => facts.url === null && facts.address === shown.address) : entries.withClaim("url", shown.url)).find((entry) => entry.state === "pending" && here(entry));
    const isRemembered = pending !== undefined && !hasEvidence(shown) && pending.facts.endpoint === shown.endpoint;
    const facts = isRemembered ? { ...shown, id: pending.facts.id, nameplate: pending.facts.nameplate ?? shown.nameplate, certificate: pending.facts.certificate } : shown;
    const certificate = facts.certificate?.fingerprint;
    const judged = (list: readonly Entry[]): Entry | undefined => list.find(({ state }) => state === "accepted") ?? list.find((entry) => entry.judged !== null);
    const twins = facts.id === null ? entries.withClaim("endpoint", facts.endpoint).filter(here) : entries.withClaim("id", facts.id);
    const hasRoom = (): boolean => this.#bounds.hasRoom(facts.address);
    const around: Around = {
      isConfigured: this.#configured.nameOf(facts.url, facts.id, facts.segment) !== undefined,
      atUrl: entries.withClaim("url", facts.url).find((entry) => entry.judged?.url === facts.url && entry.judged?.segment === facts.segment),
      byId: judged(entries.withClaim("id", facts.id).filter((entry) => entry.judged?.id === facts.id)),
      byCertificate: judged(entries.withClaim("certificate", certificate).filter((entry) => entry.judged?.fingerprint === certificate)),
      byEndpoint: judged(entries.withClaim("endpoint", facts.endpoint).filter((entry) => entry.judged?.endpoint === facts.endpoint && here(entry))),
      pending,
      twin: twins.find((entry) => entry.state === "pending" && entry !== pending),
      isConnected: ({ name }) => name !== null && this.parts.links.isConnected(name),
      isGone: ({ number }) => presences.isGone(String(number)),
      isPresent: ({ number }) => presences.of(String(number)) === "present",
      get hasRoom() {
        return hasRoom();
      },
    };
    return { facts, around };
  }

  #apply(verdict: Verdict, facts: Facts, chain: readonly X509Certificate[], isSeen: boolean): number | undefined {
    const { clock } = this.parts;
    switch (verdict.kind) {
      case "full":
        this.tellings.note("FOUND_TOO_MANY", facts.segment ?? "", facts.address ?? "");
        return undefined;
      case "configured":
        this.#noteConfigured(facts);
        return undefined;
      case "present":
        return refresh(this, verdict.entry, facts);
      case "moved":
        return move(this, verdict.entry, facts);
      case "twice":
        this.#putOff.set(verdict.entry.number, { facts, chain, untilMs: clock.uptimeMs() + PUT_OFF_MS });
        noteClaim(this, verdict.entry, facts, differences({ ...judgedBy(verdict.entry.facts), ...verdict.entry.judged }, facts));
        return undefined;
      case "suspended":
        this.suspend(verdict.entry, merge(verdict.entry, facts), verdict.changes, "core");
        return verdict.entry.number;
      case "witnessed":
        return witness(this, verdict.entry, facts, verdict.changes);
      case "waiting":
        wait(this, verdict, facts, chain, isSeen);
        return undefined;
      case "nothing":
      default:
        return undefined;
    }
  }

  #noteConfigured(facts: Facts): void {
    const name = this.#configured.nameOf(facts.url, facts.id, facts.segment);
    if (name === undefined) return;
    this.overlays.set(name, facts);
    this.presences.tell(ownerOf(name), "present");
    this.#dropOthers(facts, undefined);
  }

  /** What one of them says must not keep the others from being judged. */
  #take(segment: string, report: FoundReport): void {
    const subnets = this.#configured.subnetsOf(segment);
    if (subnets === undefined) return;
    try {
      if (report.kind !== "present") return this.#noteAbsent(segment, report.endpoint, report.address, report.kind);
      const chain = readChain(report.certificates ?? []);
      this.#judge(factsOf(segment, subnets, report, chain), chain);
    } catch (error) {
      if (isFault(error)) throw error;
      this.parts.log.error({ fault: asFault(error, report.endpoint), segment }, "what was found here cannot be judged");
    }
  }

  #noteAbsent(segment: string, endpoint: string, address: string, presence: "left" | "silent"): void {
    for (const { number, facts } of this.entries.withClaim("endpoint", endpoint)) {
      if (facts.endpoint === endpoint && facts.segment === segment && facts.address === address) this.presences.tell(String(number), presence);
    }
    for (const [name, facts] of this.overlays) if (facts.endpoint === endpoint && facts.address === address) this.presences.tell(ownerOf(name), presence);
  }

  /** What waits under the same endpoint, address and segment was this one before it had shown itself. */
  #dropOthers({ endpoint, address, segment }: Facts, number: number | undefined): void {
    for (const entry of this.entries.withClaim("endpoint", endpoint)) {
      if (entry.number !== number && entry.state === "pending" && entry.facts.endpoint === endpoint && entry.facts.address === address && entry.facts.segment === segment) this.forget(entry.number);
    }
  }
}

/** A broker's certificate is not the machine's. */
function isAbout({ where }: FaultReport, url: string | null): boolean {
  const parsed = URL.parse(url ?? "");
  if (where === undefined || parsed === null) return true;
  const port = parsed.port === "" ? (parsed.protocol === "https:" ? "443" : "80") : parsed.port;
  return where.includes(parsed.host) || where === `${parsed.hostname}:${port}`;
}
