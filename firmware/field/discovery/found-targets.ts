// What was found on a segment: bounded, and nobody can push out or rewrite what another address told.

import type { Sighting } from "../../protocol/ws-discovery/discovery-client.ts";
import type { Target } from "../../protocol/ws-discovery/message.ts";
import type { WsdVersion } from "../../protocol/ws-discovery/vocabulary.ts";

/** A target service as its last message left it. A claim of whoever sent it, until a connection shows who it is. */
export interface FoundTarget extends Target {
  /** Where its messages come from; IPv6 link-local with the interface. */
  readonly address: string;
  readonly versions: readonly WsdVersion[];
  /** Monotonic milliseconds. */
  readonly lastSeenMs: number;
}

export type FoundChange =
  | { readonly kind: "appeared" | "changed" | "left" | "silent"; readonly target: FoundTarget };

export interface FoundLimits {
  readonly perAddress: number;
  readonly total: number;
  /** How long a target may be silent, several rounds of probes. */
  readonly silentAfterMs: number;
}

/** 2,000 machines with a few services each; a gateway or computer may carry several targets. */
export const FOUND_LIMITS: FoundLimits = { perAddress: 64, total: 8192, silentAfterMs: 200_000 };

export class FoundTargets {
  /** Sightings for which there was no room. */
  refused = 0;
  readonly #limits: FoundLimits;
  readonly #byAddress = new Map<string, Map<string, FoundTarget>>();
  #count = 0;

  constructor(limits: FoundLimits = FOUND_LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#count;
  }

  *all(): Iterable<FoundTarget> {
    for (const targets of this.#byAddress.values()) yield* targets.values();
  }

  /** What the sighting changes; undefined where it says nothing new, or there is no room. A Bye counts only from the address that the target was seen at. */
  note(sighting: Sighting, nowMs: number): FoundChange | undefined {
    const { address } = sighting.source;
    if (sighting.kind === "gone") {
      const target = this.#byAddress.get(address)?.get(sighting.endpoint);
      if (target === undefined) return undefined;
      this.#remove(target);
      return { kind: "left", target };
    }
    const known = this.#byAddress.get(address)?.get(sighting.target.endpoint);
    if (known === undefined && !this.#hasRoom(address)) {
      this.refused += 1;
      return undefined;
    }
    const next = merge(known, sighting.target, sighting.version, address, nowMs);
    this.#keep(next, known === undefined);
    if (known === undefined) return { kind: "appeared", target: next };
    return isSame(known, next) ? undefined : { kind: "changed", target: next };
  }

  /** Removes a target that was heard no more since then; undefined where it was, or is gone already. */
  leaveUnlessHeard({ address, endpoint }: FoundTarget, sinceMs: number): FoundChange | undefined {
    const target = this.#byAddress.get(address)?.get(endpoint);
    if (target === undefined || target.lastSeenMs >= sinceMs) return undefined;
    this.#remove(target);
    return { kind: "left", target };
  }

  /** Those that were silent for too long; they are removed. */
  expire(nowMs: number): readonly FoundChange[] {
    const silent = [...this.all()].filter(({ lastSeenMs }) => nowMs - lastSeenMs > this.#limits.silentAfterMs);
    for (const target of silent) this.#remove(target);
    return silent.map((target) => ({ kind: "silent", target }));
  }

  #hasRoom(address: string): boolean {
    return this.#count < this.#limits.total && (this.#byAddress.get(address)?.size ?? 0) < this.#limits.perAddress;
  }

  #keep(target: FoundTarget, isNew: boolean): void {
    let targets = this.#byAddress.get(target.address);
    if (targets === undefined) this.#byAddress.set(target.address, (targets = new Map<string, FoundTarget>()));
    targets.set(target.endpoint, target);
    if (isNew) this.#count += 1;
  }

  #remove({ address, endpoint }: FoundTarget): void {
    const targets = this.#byAddress.get(address);
    if (targets?.delete(endpoint) !== true) return;
    this.#count -= 1;
    if (targets.size === 0) this.#byAddress.delete(address);
  }
}

/**
 * The newest metadata version wins; of the same version what is told is kept where a later message leaves it out: a Hello may come without addresses, an
 * answer without types. A new life of the target may count its metadata from the beginning.
 */
function merge(known: FoundTarget | undefined, told: Target, version: WsdVersion, address: string, nowMs: number): FoundTarget {
  const versions = known?.versions.includes(version) === true ? known.versions : [...(known?.versions ?? []), version].toSorted();
  const kept = known?.metadataVersion === told.metadataVersion ? known : undefined;
  const either = <Item>(now: readonly Item[], before: readonly Item[] | undefined): readonly Item[] => (now.length > 0 || before === undefined ? now : before);
  return { ...told, types: either(told.types, kept?.types), scopes: either(told.scopes, kept?.scopes), xaddrs: either(told.xaddrs, kept?.xaddrs), address, versions, lastSeenMs: nowMs };
}

function isSame(one: FoundTarget, other: FoundTarget): boolean {
  const text = ({ types, scopes, xaddrs, metadataVersion, versions }: FoundTarget): string => JSON.stringify([types.map(({ namespace, name }) => `${namespace} ${name}`).toSorted(), scopes.toSorted(), xaddrs.toSorted(), metadataVersion, versions]);
  return text(one) === text(other);
}
