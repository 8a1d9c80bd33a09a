// Finds the target services of one segment: probes in rounds, listens in between, and tells what appeared, changed, left or fell silent.

import { randomUUID } from "node:crypto";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, Fault } from "../../../drivers/contract/fault.ts";
import { lies } from "../../protocol/firewall/addresses.ts";
import { DiscoveryClient } from "../../protocol/ws-discovery/discovery-client.ts";
import type { DropCounts } from "../../protocol/ws-discovery/discovery-client.ts";
import { SourceBudget } from "../../protocol/ws-discovery/outgoing.ts";
import type { Outgoing, Source } from "../../protocol/ws-discovery/outgoing.ts";
import { MULTICAST } from "../../protocol/ws-discovery/vocabulary.ts";
import type { QName } from "../../protocol/ws-discovery/xml.ts";
import { openDiscoverySockets } from "../../runtime/discovery-sockets.ts";
import type { DiscoverySockets } from "../../runtime/discovery-sockets.ts";
import type { Log } from "../../runtime/journal.ts";
import { isLinkLocal } from "../../runtime/own-addresses.ts";
import type { OwnAddress } from "../../runtime/own-addresses.ts";
import { FoundTargets } from "./found-targets.ts";
import type { FoundChange } from "./found-targets.ts";

export interface SegmentDiscoveryOptions {
  /** Our own addresses in the segment; one pair of sockets for each. Others of the same interface and family are left out by the caller. */
  readonly own: readonly OwnAddress[];
  /** Whoever is not in one of them is not heard; on the link itself, IPv6 link-local is. */
  readonly subnets: readonly string[];
  /** The port that probes leave from; 0: any free one. */
  readonly probePort: number;
  /** Hosts beyond the link that are asked each by itself, IP addresses. */
  readonly hosts: readonly string[];
  readonly types: readonly QName[];
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly onChange: (change: FoundChange) => void;
}

export interface DiscoveryFigures extends DropCounts {
  /** Datagrams from outside the segment, or of our own. */
  readonly foreign: number;
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
  readonly found = new FoundTargets();
  readonly #options: SegmentDiscoveryOptions;
  readonly #client: DiscoveryClient;
  readonly #intake = new SourceBudget(INTAKE.perSecond, INTAKE.burst, INTAKE.maxSources);
  readonly #wires: Wire[] = [];
  readonly #dropped = { foreign: 0, excess: 0 };
  #isFirst = true;
  #cancel = (): void => undefined;

  constructor(options: SegmentDiscoveryOptions) {
    this.#options = options;
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
  }

  figures(): DiscoveryFigures {
    return { ...this.#client.dropped, ...this.#dropped, refused: this.found.refused };
  }

  async close(): Promise<void> {
    this.#cancel();
    await Promise.all(this.#wires.map(({ sockets }) => sockets.close()));
  }

  #nextRound(): void {
    const { clock, hosts, intervalMs, onChange } = this.#options;
    const nowMs = clock.uptimeMs();
    for (const change of this.found.expire(nowMs)) onChange(change);
    this.#send(this.#client.probe(nowMs));
    for (const host of hosts) this.#send(this.#client.probe(nowMs, { address: host, port: MULTICAST.port }));
    this.#cancel = clock.after(this.#isFirst ? SECOND_ROUND_MS : intervalMs, () => this.#nextRound());
    this.#isFirst = false;
  }

  #send(all: readonly Outgoing[]): void {
    for (const outgoing of all) {
      for (const { own, sockets } of this.#wires) if (outgoing.to === "group" || isOfFamily(outgoing.to.address, own)) sockets.send(outgoing);
    }
  }

  #take(bytes: Buffer, source: Source, own: OwnAddress): void {
    const { clock, onChange } = this.#options;
    const nowMs = clock.uptimeMs();
    if (!this.#isOfSegment(source.address, own)) return void (this.#dropped.foreign += 1);
    if (!this.#intake.take(source.address, nowMs)) return void (this.#dropped.excess += 1);
    for (const sighting of this.#client.take(bytes, source, nowMs)) {
      const change = this.found.note(sighting, nowMs);
      if (change !== undefined) onChange(change);
      if (sighting.kind === "present" && change?.kind === "appeared" && change.target.xaddrs.length === 0) this.#send(this.#client.resolve(sighting.target.endpoint, sighting.version, nowMs));
    }
  }

  /** A socket in the group hears other interfaces too; link-local addresses say from which one. */
  #isOfSegment(address: string, own: OwnAddress): boolean {
    const { hosts, subnets } = this.#options;
    const [plain = "", zone] = address.split("%");
    if (zone !== undefined) return zone === own.interface && isLinkLocal({ family: "ipv6", address: plain });
    return subnets.some((subnet) => lies(plain, subnet)) || hosts.includes(plain);
  }
}

function isOfFamily(address: string, { family }: OwnAddress): boolean {
  return address.includes(":") === (family === "ipv6");
}
