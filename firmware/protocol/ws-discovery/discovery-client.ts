// The client of WS-Discovery for one segment: what to ask, and what the answers and announcements mean. Pure; the caller has sockets and clock.

import { isFault } from "../../../drivers/contract/fault.ts";
import type { ProbeMatches, ResolveMatches, Target, WsdMessage } from "./message.ts";
import { sendingDelays } from "./outgoing.ts";
import type { Outgoing, Random, Source } from "./outgoing.ts";
import { readMessage } from "./read-message.ts";
import { isNewer, SeenMessages } from "./sequence.ts";
import type { AppSequence } from "./message.ts";
import { TIMING, VOCABULARIES, WSD_VERSIONS } from "./vocabulary.ts";
import type { WsdVersion } from "./vocabulary.ts";
import { writeMessage } from "./write-message.ts";
import type { QName } from "./xml.ts";

/** A target service that told of itself, or said goodbye. It is a claim: who it is shows only a connection to it. */
export type Sighting =
  | { readonly kind: "present"; readonly target: Target; readonly version: WsdVersion; readonly source: Source }
  | { readonly kind: "gone"; readonly endpoint: string; readonly source: Source };

/** Why datagrams were dropped, counted. */
export interface DropCounts {
  malformed: number;
  repeated: number;
  /** Answers to nothing that was asked, or too late. */
  unasked: number;
  /** Older than what the same target said before. */
  late: number;
}

export interface DiscoveryClientOptions {
  /** What is looked for, each by itself. Any device of DPWS and anything at all are asked for beside it: some answer only the one, some only the other. */
  readonly types: readonly QName[];
  readonly random: Random;
  /** A new `urn:uuid:…` each time. */
  readonly newId: () => string;
}

/** Message ids remembered; a segment of 2,000 machines answers four probes in one round, each twice. */
const SEEN = 16_384;
const MAX_SEQUENCES = 8192;
/** A round of eight probes to the group and to each of 256 hosts, twice. */
const MAX_ASKED = 4112;
/** Answers come up to APP_MAX_DELAY after the last repetition, and a slow segment later still. */
const ASKED_MS = TIMING.matchTimeoutMs;

export class DiscoveryClient {
  readonly dropped: DropCounts = { malformed: 0, repeated: 0, unasked: 0, late: 0 };
  readonly #options: DiscoveryClientOptions;
  readonly #seen = new SeenMessages(SEEN);
  readonly #asked = new Map<string, { readonly kind: "probeMatches" | "resolveMatches"; readonly untilMs: number; readonly turn: number }>();
  readonly #sequences = new Map<string, AppSequence>();
  /** Who said goodbye, and in which turn: answers to what was asked before are on their way still. */
  readonly #gone = new Map<string, number>();
  #turn = 0;

  constructor(options: DiscoveryClientOptions) {
    this.#options = options;
  }

  /** One round: each version, with each type and without. To one host where `to` is given. */
  probe(nowMs: number, to: Source | "group" = "group"): readonly Outgoing[] {
    const { types, newId, random } = this.#options;
    return WSD_VERSIONS.flatMap((version) =>
      [[], [{ namespace: VOCABULARIES[version].dpws, name: "Device" }], ...types.map((type) => [type])].map((wanted): Outgoing => {
        const messageId = newId();
        this.#ask(messageId, "probeMatches", nowMs);
        const bytes = writeMessage({ version, kind: "probe", messageId, replyTo: undefined, types: wanted, filter: { scopes: [], matchBy: undefined } });
        return { bytes, to, delaysMs: sendingDelays(random, to === "group" ? TIMING.appMaxDelayMs / 2 : 0) };
      }),
    );
  }

  /** Asks where a target is that announced itself without an address: those that were in the announcement's group hear it. */
  resolve(endpoint: string, version: WsdVersion, nowMs: number): readonly Outgoing[] {
    const messageId = this.#options.newId();
    this.#ask(messageId, "resolveMatches", nowMs);
    return [{ bytes: writeMessage({ version, kind: "resolve", messageId, replyTo: undefined, endpoint }), to: "group", delaysMs: sendingDelays(this.#options.random, 0) }];
  }

  /** Never throws: what cannot be used is counted in `dropped`. The caller has checked that the source belongs to the segment. */
  take(bytes: Uint8Array, source: Source, nowMs: number, maxBytes?: number): readonly Sighting[] {
    const message = this.#read(bytes, maxBytes);
    // Requests of others are none of a client's business.
    if (message === undefined || message.kind === "probe" || message.kind === "resolve") return [];
    if (!this.#seen.isNew(source.address, message.messageId)) return this.#drop("repeated");
    if (message.kind !== "bye" && message.kind !== "hello") return this.#takeAnswer(message, source, nowMs);
    const isBye = message.kind === "bye";
    const endpoint = isBye ? message.endpoint : message.target.endpoint;
    if (!this.#isInOrder(endpoint, source, message.sequence, isBye)) return this.#drop("late");
    this.#noteTurn(`${source.address} ${endpoint}`, isBye);
    return [isBye ? { kind: "gone", endpoint, source } : { kind: "present", target: message.target, version: message.version, source }];
  }

  #noteTurn(key: string, isGone: boolean): void {
    this.#gone.delete(key);
    if (!isGone) return;
    this.#gone.set(key, (this.#turn += 1));
    forgetOldest(this.#gone, MAX_SEQUENCES);
  }

  #takeAnswer(message: ProbeMatches | ResolveMatches, source: Source, nowMs: number): readonly Sighting[] {
    const asked = this.#asked.get(message.relatesTo);
    if (asked === undefined || asked.kind !== message.kind || nowMs > asked.untilMs) return this.#drop("unasked");
    const { version } = message;
    const targets = message.kind === "probeMatches" ? message.matches : message.match === undefined ? [] : [message.match];
    const still = targets.filter(({ endpoint }) => (this.#gone.get(`${source.address} ${endpoint}`) ?? 0) < asked.turn);
    if (still.length < targets.length) this.dropped.late += 1;
    return still.map((target) => ({ kind: "present", target, version, source }));
  }

  #read(bytes: Uint8Array, maxBytes: number | undefined): WsdMessage | undefined {
    try {
      return readMessage(bytes, maxBytes);
    } catch (error) {
      if (!isFault(error, "PEER_PROTOCOL")) throw error;
      this.dropped.malformed += 1;
      return undefined;
    }
  }

  /**
   * The order counts per endpoint and source: somebody else cannot make a target's own messages late. `isLast`: a goodbye may bear the number of the
   * message before it, as that of a common library does (python-ws-discovery 2.1).
   */
  #isInOrder(endpoint: string, { address }: Source, sequence: AppSequence | undefined, isLast = false): boolean {
    const key = `${address} ${endpoint}`;
    const last = this.#sequences.get(key);
    if (!isNewer(sequence, last) && !(isLast && isNewer(sequence, last === undefined ? undefined : { ...last, messageNumber: last.messageNumber - 1 }))) return false;
    if (sequence === undefined) return true;
    this.#sequences.delete(key);
    this.#sequences.set(key, sequence);
    forgetOldest(this.#sequences, MAX_SEQUENCES);
    return true;
  }

  #ask(messageId: string, kind: "probeMatches" | "resolveMatches", nowMs: number): void {
    for (const [id, { untilMs }] of this.#asked) {
      if (untilMs >= nowMs) break;
      this.#asked.delete(id);
    }
    this.#asked.set(messageId, { kind, untilMs: nowMs + ASKED_MS, turn: (this.#turn += 1) });
    forgetOldest(this.#asked, MAX_ASKED);
  }

  #drop(why: keyof DropCounts): readonly Sighting[] {
    this.dropped[why] += 1;
    return [];
  }
}

function forgetOldest(map: Map<string, unknown>, max: number): void {
  for (const key of map.keys()) {
    if (map.size <= max) return;
    map.delete(key);
  }
}
