// A target service of WS-Discovery: announces itself, answers who asks, says goodbye. Pure; the caller has sockets and clock.

import { isFault } from "../../../drivers/contract/fault.ts";
import { matchesProbe } from "./match.ts";
import type { AppSequence, Target, WsdMessage } from "./message.ts";
import { sendingDelays, SourceBudget } from "./outgoing.ts";
import type { Outgoing, Random, Source } from "./outgoing.ts";
import { readMessage } from "./read-message.ts";
import { SeenMessages } from "./sequence.ts";
import { TIMING, WSD_VERSIONS } from "./vocabulary.ts";
import type { WsdVersion } from "./vocabulary.ts";
import { writeMessage } from "./write-message.ts";

export interface TargetServiceOptions {
  readonly target: Target;
  /** Larger in each life of the service: seconds since 1970, or a counter that is kept. At most 4,294,967,295. */
  readonly instanceId: number;
  readonly random: Random;
  /** A new `urn:uuid:…` each time. */
  readonly newId: () => string;
}

/** Answers per second and at once for each source, and sources known at a time: what a client with four probes every few seconds needs, and no more. */
const BUDGET = { perSecond: 4, burst: 16, maxSources: 1024 } as const;
const SEEN = 4096;

export class TargetService {
  readonly #options: TargetServiceOptions;
  readonly #budget = new SourceBudget(BUDGET.perSecond, BUDGET.burst, BUDGET.maxSources);
  readonly #seen = new SeenMessages(SEEN);
  #messageNumber = 0;

  constructor(options: TargetServiceOptions) {
    this.#options = options;
  }

  /** When it starts, and when its target changed. */
  hello(): readonly Outgoing[] {
    const { target } = this.#options;
    return this.#announce((version) => ({ version, kind: "hello", messageId: this.#options.newId(), sequence: this.#next(), target }));
  }

  /** Sent at once: who says it is about to leave. */
  bye(): readonly Outgoing[] {
    const { endpoint } = this.#options.target;
    return this.#announce((version) => ({ version, kind: "bye", messageId: this.#options.newId(), sequence: this.#next(), endpoint })).map((one) => ({ ...one, delaysMs: [0] }));
  }

  /**
   * The answer to a request that means this target; nothing for whatever else came, malformed bytes above all. It goes to the datagram's source
   * whatever the message says, so that nobody can have it sent to a third. `isMulticast`: the request was addressed to the group, and
   * all who answer must not do so at once. The caller has checked that the source belongs to the segment.
   */
  take(bytes: Uint8Array, source: Source, isMulticast: boolean, nowMs: number): readonly Outgoing[] {
    const message = read(bytes);
    if (message === undefined || !this.#isMeant(message)) return [];
    if (!this.#seen.isNew(`${source.address}:${source.port}`, message.messageId) || !this.#budget.take(source.address, nowMs)) return [];
    const { newId, random, target } = this.#options;
    const answer = { version: message.version, messageId: newId(), relatesTo: message.messageId, sequence: this.#next() };
    const written = message.kind === "probe" ? writeMessage({ ...answer, kind: "probeMatches", matches: [target] }) : writeMessage({ ...answer, kind: "resolveMatches", match: target });
    return [{ bytes: written, to: source, delaysMs: sendingDelays(random, isMulticast ? TIMING.appMaxDelayMs : 0) }];
  }

  #isMeant(message: WsdMessage): boolean {
    if (message.kind === "resolve") return message.endpoint === this.#options.target.endpoint;
    return message.kind === "probe" && matchesProbe(this.#options.target, message);
  }

  #announce(make: (version: WsdVersion) => WsdMessage): readonly Outgoing[] {
    return WSD_VERSIONS.map((version) => ({ bytes: writeMessage(make(version)), to: "group", delaysMs: sendingDelays(this.#options.random, TIMING.appMaxDelayMs) }));
  }

  #next(): AppSequence {
    this.#messageNumber += 1;
    return { instanceId: this.#options.instanceId, messageNumber: this.#messageNumber };
  }
}

function read(bytes: Uint8Array): WsdMessage | undefined {
  try {
    return readMessage(bytes);
  } catch (error) {
    if (!isFault(error, "PEER_PROTOCOL")) throw error;
    return undefined;
  }
}
