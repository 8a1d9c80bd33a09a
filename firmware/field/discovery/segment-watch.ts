// One segment as field sees it: what is found there is inspected and told to core, and the gateway itself can be found.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Fault } from "../../../drivers/contract/fault.ts";
import type { PresentReport, SegmentDuty } from "../../conduit/source.ts";
import { hostOf, isAddress, lies } from "../../protocol/firewall/addresses.ts";
import type { Log } from "../../runtime/journal.ts";
import type { OwnAddress } from "../../runtime/own-addresses.ts";
import type { FoundQueue } from "./found-queue.ts";
import type { FoundChange, FoundTarget } from "./found-targets.ts";
import { gatewayEndpoint, openGatewayTarget } from "./gateway-target.ts";
import { Inspections } from "./inspections.ts";
import { LoudSources } from "./loud-sources.ts";
import { planInspection, writeReport, type AnnouncementTable, type InspectionPlan } from "./present-report.ts";
import { openSegmentDiscovery, type DiscoveryFigures, type SegmentDiscoveryOptions } from "./segment-discovery.ts";

export interface WatchTimes {
  /** Between two rounds of probes. */
  readonly roundMs: number;
  /** How long a target may be silent. */
  readonly silentAfterMs: number;
  /** Between two reports of what is present and has not changed. */
  readonly retellMs: number;
}

export const WATCH_TIMES: WatchTimes = { roundMs: 60_000, silentAfterMs: 200_000, retellMs: 120_000 };

export interface WatchParts {
  readonly table: AnnouncementTable;
  readonly queue: FoundQueue;
  readonly clock: Clock;
  readonly log: Log;
  readonly times: WatchTimes;
  /** Subnets of the other segments. */
  readonly elsewhere: readonly string[];
  readonly own: readonly OwnAddress[];
  readonly hardware: string;
  readonly instanceId: number;
  /** Somebody sends too much. */
  readonly tellPeer: (fault: Fault) => void;
}

export interface SegmentWatch {
  /** Core is told again of all that is present. */
  retell(): void;
  figures(): WatchFigures;
  close(): Promise<void>;
}

export interface WatchFigures extends DiscoveryFigures {
  readonly targets: number;
  /** Inspections and certificates for which there was no room. */
  readonly uninspected: number;
}

/** So long a report waits for the inspection that it would carry. */
const HOLD_MS = 3000;

/** Finds from now on. Throws PEER_UNREACHABLE where the segment cannot be searched; then nothing is open. */
export async function openSegmentWatch(duty: SegmentDuty, probePort: number, parts: WatchParts): Promise<SegmentWatch> {
  const { clock, log, own, elsewhere } = parts;
  const reporter = new Reporter(duty, parts);
  const endpoint = gatewayEndpoint(parts.hardware, duty.name);
  const bounds = { subnets: duty.subnets, elsewhere, own, clock, log, probePort };
  const discovery = await openSegmentDiscovery({ ...bounds, ...search(duty, parts), ownEndpoint: endpoint, onChange: (change) => reporter.note(change), onExcess: (address) => reporter.loud.note(address) }).catch((error: unknown) => {
    reporter.close();
    throw error;
  });
  const ports = { ...(duty.ingestTls === undefined ? {} : { ingestTls: duty.ingestTls }), ...(duty.ingestPlain === undefined ? {} : { ingestPlain: duty.ingestPlain }) };
  const target = await openGatewayTarget({ ...bounds, ...ports, hosts: [], endpoint, instanceId: parts.instanceId });
  return {
    retell: () => reporter.retell(),
    figures: () => ({ ...discovery.figures(), targets: discovery.found.size, uninspected: reporter.refused }),
    async close() {
      reporter.close();
      await Promise.all([discovery.close(), target.close()]);
    },
  };
}

/** Hosts outside the segment are not asked, whatever the configuration says. */
function search({ subnets, hosts }: SegmentDuty, { table, times }: WatchParts): Pick<SegmentDiscoveryOptions, "hosts" | "urls" | "types" | "intervalMs" | "silentAfterMs"> {
  const within = (host: string): boolean => isAddress(host) && subnets.some((subnet) => lies(host, subnet));
  return {
    hosts: hosts.filter(within),
    urls: hosts.filter((host) => URL.parse(host)?.protocol === "http:" && within(hostOf(host) ?? "")),
    types: table.flatMap(({ announcement }) => announcement.types),
    intervalMs: times.roundMs,
    silentAfterMs: times.silentAfterMs,
  };
}

interface Seen {
  readonly target: FoundTarget;
  readonly plan: InspectionPlan;
  readonly wasTold: boolean;
}

class Reporter {
  readonly loud = new LoudSources();
  readonly #duty: SegmentDuty;
  readonly #parts: WatchParts;
  readonly #seen = new Map<string, Seen>();
  /** By subject, the targets that it says something about. */
  readonly #ofSubject = new Map<string, Set<string>>();
  readonly #ending = new AbortController();
  readonly #inspections: Inspections;
  #cancel: () => void;

  constructor(duty: SegmentDuty, parts: WatchParts) {
    this.#duty = duty;
    this.#parts = parts;
    this.#inspections = new Inspections({ clock: parts.clock, signal: this.#ending.signal, onShown: (key) => this.#onShown(key) });
    this.#cancel = parts.clock.after(parts.times.retellMs, () => this.#again());
  }

  get refused(): number {
    return this.#inspections.refused;
  }

  note({ kind, target }: FoundChange): void {
    const key = `${target.address} ${target.endpoint}`;
    const before = this.#seen.get(key);
    if (before !== undefined) this.#forget(key, before);
    if (kind === "left" || kind === "silent") return this.#parts.queue.put(this.#duty.name, { kind, endpoint: target.endpoint, address: target.address });
    const plan = planInspection(target, this.#bounds(), this.#parts);
    this.#seen.set(key, { target, plan, wasTold: before?.wasTold ?? false });
    const isChanged = before !== undefined && (before.target.metadataVersion !== target.metadataVersion || before.target.xaddrs.join(" ") !== target.xaddrs.join(" "));
    for (const subject of plan.subjects) {
      const keys = this.#ofSubject.get(subject.key) ?? new Set();
      this.#ofSubject.set(subject.key, keys.add(key));
      this.#inspections.want(subject, isChanged);
    }
    if (this.#isShown(plan)) this.#tell(key);
    else this.#parts.clock.after(HOLD_MS, () => this.#seen.get(key)?.plan === plan && this.#tell(key));
  }

  retell(): void {
    for (const [key, { wasTold }] of this.#seen) if (wasTold) this.#tell(key);
  }

  close(): void {
    this.#cancel();
    this.#ending.abort();
    this.#seen.clear();
  }

  #again(): void {
    const fault = this.loud.take(this.#duty.name);
    if (fault !== undefined) this.#parts.tellPeer(fault);
    this.#inspections.keepOnly(new Set(this.#ofSubject.keys()));
    // What had no room may have it now.
    for (const { plan } of this.#seen.values()) for (const subject of plan.subjects) this.#inspections.want(subject, false);
    this.retell();
    this.#cancel = this.#parts.clock.after(this.#parts.times.retellMs, () => this.#again());
  }

  #onShown(subject: string): void {
    for (const key of this.#ofSubject.get(subject) ?? []) {
      const seen = this.#seen.get(key);
      if (seen !== undefined && this.#isShown(seen.plan)) this.#tell(key);
    }
  }

  #isShown({ subjects }: InspectionPlan): boolean {
    return subjects.every(({ key }) => this.#inspections.shown(key) !== undefined);
  }

  #tell(key: string): void {
    const seen = this.#seen.get(key);
    if (seen === undefined) return;
    this.#seen.set(key, { ...seen, wasTold: true });
    const shown = seen.plan.subjects.map((subject) => this.#inspections.shown(subject.key));
    const report: PresentReport = writeReport(seen.target, seen.plan, shown.filter((one) => one !== undefined));
    this.#parts.queue.put(this.#duty.name, report);
  }

  #forget(key: string, { plan }: Seen): void {
    this.#seen.delete(key);
    for (const subject of plan.subjects) {
      const keys = this.#ofSubject.get(subject.key);
      keys?.delete(key);
      if (keys?.size === 0) this.#ofSubject.delete(subject.key);
    }
  }

  /** On loopback everything has our own address; there alone it may be asked. */
  #bounds(): { readonly subnets: readonly string[]; readonly own: readonly string[] } {
    return { subnets: this.#duty.subnets, own: this.#parts.own.filter(({ isLoopback }) => !isLoopback).map(({ address }) => address) };
  }
}
