// Finds the target services of one segment: probes in rounds, listens in between, and tells what appeared, changed, left or fell silent.

import { randomUUID } from "node:crypto";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, Fault } from "../../../drivers/contract/fault.ts";
import { hostOf } from "../../protocol/firewall/addresses.ts";
import { DiscoveryClient } from "../../protocol/ws-discovery/discovery-client.ts";
import type { DropCounts } from "../../protocol/ws-discovery/discovery-client.ts";
import { SourceBudget } from "../../protocol/ws-discovery/outgoing.ts";
import type { Outgoing, Source } from "../../protocol/ws-discovery/outgoing.ts";
import { CAPS, MULTICAST } from "../../protocol/ws-discovery/vocabulary.ts";
import type { QName } from "../../protocol/ws-discovery/xml.ts";
import { openDiscoverySockets } from "../../runtime/discovery-sockets.ts";
import type { DiscoverySockets } from "../../runtime/discovery-sockets.ts";
import type { Log } from "../../runtime/journal.ts";
import type { OwnAddress } from "../../runtime/own-addresses.ts";
import { askAll } from "./ask-host.ts";
import { FOUND_LIMITS, FoundTargets } from "./found-targets.ts";
import type { FoundChange, FoundTarget } from "./found-targets.ts";
import { judgeSource } from "./segment-sources.ts";

export interface SegmentDiscoveryOptions {
  /** Our own addresses in the segment; one pair of sockets for each. Others of the same interface and family are left out by the caller. */
  readonly own: readonly OwnAddress[];
  /** Whoever is not in one of them is not heard; on the link itself, IPv6 link-local is. */
  readonly subnets: readonly string[];
  /** The port that probes leave from; 0: any free one. */
  readonly probePort: number;
  /** Hosts beyond the link that are asked each by itself, IP addresses. */
  readonly hosts: readonly string[];
  /** The same by HTTP: the http:// URLs of targets. */
  readonly urls?: readonly string[];
  /** Subnets of the other segments: a source that lies there too is ambiguous. */
  readonly elsewhere?: readonly string[];
  /** Our own target service, which is not found. */
  readonly ownEndpoint?: string;
  readonly types: readonly QName[];
  readonly intervalMs: number;
  /** How long a target may be silent; `FOUND_LIMITS` says it where it is not given. */
  readonly silentAfterMs?: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly onChange: (change: FoundChange) => void;
  /** A source sent more than is read, or told of more targets than are remembered. */
  readonly onExcess?: (address: string) => void;
}

export interface DiscoveryFigures extends DropCounts {
  /** Datagrams from outside the segment, or of our own. */
  readonly foreign: number;
  /** Datagrams whose source lies in more than one segment. */
  readonly ambiguous: number;
  /** More than a source may send. */
  readonly excess: number;
  /** Sightings beyond what is remembered. */
  readonly refused: number;
}

export interface SegmentDiscovery {
  readonly found: FoundTargets;
  figures(): DiscoveryFigures;
  close(): Promise<void>;
}

/** Datagrams read per source: a machine with all its repetitions in one round, several times over. */
const INTAKE = { perSecond: 50, burst: 200, maxSources: 8192 } as const;
/** The first round is soon followed by another: what was just plugged in with us may not have listened yet. */
const SECOND_ROUND_MS = 1000;
/** Where an announcement says no address and the answer to that question gets lost, the next round comes so soon; and so often at most, whoever announces. */
const EXTRA_ROUND_MS = 1000;
const EXTRA_ROUNDS_APART_MS = 10_000;
/** How soon after its time a silent target is noticed. */
const SILENCE_LOOK_MS = 5000;
/** After a goodbye a target may answer for a moment still. */
const DOUBT_MS = 3000;
/** So long whoever is still there has to answer then: the question is repeated, and answers come with a delay. */
const DOUBT_ANSWERED_MS = 3000;

/** Opens the sockets and begins with the first round. Throws PEER_UNREACHABLE where none of the addresses can be used; then nothing is open. */
export async function openSegmentDiscovery(options: SegmentDiscoveryOptions): Promise<SegmentDiscovery> {
  const discovery = new Discovery(options);
  await discovery.open();
  return discovery;
}

interface Wire {
  readonly own: OwnAddress;
  readonly sockets: DiscoverySockets;
}

class Discovery implements SegmentDiscovery {
  readonly found: FoundTargets;
  readonly #options: SegmentDiscoveryOptions;
  readonly #client: DiscoveryClient;
  readonly #intake = new SourceBudget(INTAKE.perSecond, INTAKE.burst, INTAKE.maxSources);
  readonly #wires: Wire[] = [];
  readonly #dropped = { foreign: 0, ambiguous: 0, excess: 0 };
  readonly #ending = new AbortController();
  #asking: Promise<void> | undefined;
  readonly #doubts = new Set<() => void>();
  #isFirst = true;
  #roundMs = 0;
  #extraMs = Number.NEGATIVE_INFINITY;
  #cancel = (): void => undefined;
  #cancelLook = (): void => undefined;

  constructor(options: SegmentDiscoveryOptions) {
    this.#options = options;
    this.found = new FoundTargets({ ...FOUND_LIMITS, silentAfterMs: options.silentAfterMs ?? FOUND_LIMITS.silentAfterMs });
    this.#client = new DiscoveryClient({ types: options.types, random: Math.random, newId: () => `urn:uuid:${randomUUID()}` });
  }

  async open(): Promise<void> {
    const { own, probePort, clock, log } = this.#options;
    const faults: Fault[] = [];
    for (const one of own) {
      try {
        const sockets = await openDiscoverySockets({
          own: one,
          port: probePort,
          clock,
          onDatagram: (bytes, source) => this.#take(bytes, source, one),
          onFault: (fault) => log.debug({ fault }, "a datagram of WS-Discovery was not sent"),
        });
        this.#wires.push({ own: one, sockets });
      } catch (error) {
        faults.push(asFault(error));
      }
    }
    const [first] = faults;
    if (this.#wires.length === 0) throw first ?? new Fault("PEER_UNREACHABLE", "this gateway has no address in the segment", { remedy: "Give the interface an address in one of the segment's subnets." });
    for (const fault of faults) log.warn({ fault }, "a segment is searched from fewer addresses");
    this.#nextRound();
    this.#lookForSilent();
  }

  figures(): DiscoveryFigures {
    return { ...this.#client.dropped, ...this.#dropped, refused: this.found.refused };
  }

  async close(): Promise<void> {
    this.#cancel();
    this.#cancelLook();
    for (const cancel of this.#doubts) cancel();
    this.#ending.abort();
    await this.#asking;
    await Promise.all(this.#wires.map(({ sockets }) => sockets.close()));
  }

  #nextRound(): void {
    const { clock, hosts, intervalMs } = this.#options;
    const nowMs = clock.uptimeMs();
    this.#send(this.#client.probe(nowMs));
    for (const host of hosts) this.#send(this.#client.probe(nowMs, { address: host, port: MULTICAST.port }));
    this.#askByHttp();
    this.#planRound(nowMs + (this.#isFirst ? SECOND_ROUND_MS : intervalMs), nowMs);
    this.#isFirst = false;
  }

  #planRound(atMs: number, nowMs: number): void {
    this.#cancel();
    this.#roundMs = atMs;
    this.#cancel = this.#options.clock.after(atMs - nowMs, () => this.#nextRound());
  }

  /** The next round comes sooner than in its turn. */
  #hastenRound(nowMs: number): void {
    const atMs = Math.max(nowMs + EXTRA_ROUND_MS, this.#extraMs + EXTRA_ROUNDS_APART_MS);
    if (atMs >= this.#roundMs) return;
    this.#extraMs = atMs;
    this.#planRound(atMs, nowMs);
  }

  #lookForSilent(): void {
    const { clock, intervalMs, onChange } = this.#options;
    for (const change of this.found.expire(clock.uptimeMs())) onChange(change);
    this.#cancelLook = clock.after(Math.min(SILENCE_LOOK_MS, intervalMs), () => this.#lookForSilent());
  }

  #send(all: readonly Outgoing[]): void {
    for (const outgoing of all) {
      for (const { own, sockets } of this.#wires) if (outgoing.to === "group" || isOfFamily(outgoing.to.address, own)) sockets.send(outgoing);
    }
  }

  /** One pass at a time: hosts that hang must not pile up. */
  #askByHttp(): void {
    const { urls = [], clock } = this.#options;
    if (urls.length === 0 || this.#asking !== undefined) return;
    const questionsFor = (url: string): readonly Buffer[] => this.#client.probe(clock.uptimeMs(), { address: hostOf(url) ?? "", port: 0 }).map(({ bytes }) => bytes);
    const take = (url: string, bytes: Uint8Array): void => this.#note(bytes, { address: hostOf(url) ?? "", port: 0 }, CAPS.httpBytes);
    this.#asking = askAll(urls, questionsFor, take, clock, this.#ending.signal).finally(() => void (this.#asking = undefined));
  }

  #take(bytes: Buffer, source: Source, own: OwnAddress): void {
    const { clock, subnets, hosts, elsewhere = [] } = this.#options;
    const kind = judgeSource(source.address, own, { subnets, hosts, elsewhere });
    if (kind !== "own") return void (this.#dropped[kind] += 1);
    if (!this.#intake.take(source.address, clock.uptimeMs())) {
      this.#dropped.excess += 1;
      return this.#options.onExcess?.(source.address);
    }
    const refused = this.found.refused;
    this.#note(bytes, source);
    if (this.found.refused > refused) this.#options.onExcess?.(source.address);
  }

  #note(bytes: Uint8Array, source: Source, maxBytes?: number): void {
    const { clock, onChange, ownEndpoint } = this.#options;
    const nowMs = clock.uptimeMs();
    for (const sighting of this.#client.take(bytes, source, nowMs, maxBytes)) {
      if (sighting.kind === "present" && sighting.target.endpoint === ownEndpoint) continue;
      const change = this.found.note(sighting, nowMs);
      if (change !== undefined) onChange(change);
      if (change?.kind === "left") this.#doubt(change.target);
      if (sighting.kind === "present" && change?.kind === "appeared" && change.target.xaddrs.length === 0) {
        this.#send(this.#client.resolve(sighting.target.endpoint, sighting.version, nowMs));
        this.#hastenRound(nowMs);
      }
    }
  }

  /**
   * A goodbye may be forged, address and all: whoever is still there answers a little later, and has appeared again. And one that is on its way out may have
   * answered other questions after its goodbye: it is gone for good unless it answers this one.
   */
  #doubt(target: FoundTarget): void {
    const { clock, onChange } = this.#options;
    const askedMs = clock.uptimeMs() + DOUBT_MS;
    const questions = this.#client.resolve(target.endpoint, target.versions[0] ?? "2005/04", clock.uptimeMs());
    this.#send(questions.map((question) => ({ ...question, delaysMs: question.delaysMs.map((delayMs) => delayMs + DOUBT_MS) })));
    const cancel = clock.after(DOUBT_MS + DOUBT_ANSWERED_MS, () => {
      this.#doubts.delete(cancel);
      const change = this.found.leaveUnlessHeard(target, askedMs);
      if (change !== undefined) onChange(change);
    });
    this.#doubts.add(cancel);
  }
}

function isOfFamily(address: string, { family }: OwnAddress): boolean {
  return address.includes(":") === (family === "ipv6");
}
