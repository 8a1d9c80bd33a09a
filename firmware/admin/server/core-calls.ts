// Asks core for somebody: bounded calls at a time, known people before strangers, and no longer than the one who asked would wait.

import type { Socket } from "node:net";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault, isFault } from "../../../drivers/contract/fault.ts";
import type { adminConduit } from "../../conduit/admin.ts";
import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import type { ConduitClient } from "../../runtime/conduit-client.ts";
import type { Credentials } from "./credentials.ts";
import { digest, type KnownPeople } from "./known-people.ts";
import { Lane } from "./lane.ts";

export type Operation = Exclude<keyof typeof adminConduit, "settings" | "listening" | "alive">;

/** Who asks, as far as a connection and its headers tell. */
export interface Asker {
  readonly credentials: Credentials;
  /** What core is told. */
  readonly address: string;
  /** What is counted: see source-address.ts. */
  readonly source: string;
  readonly socket: Socket;
}

export interface CallOptions {
  readonly signal: AbortSignal;
  /** Core's time for it; 15 s unless said. */
  readonly mayTakeMs?: number;
}

export interface CoreCallsParts {
  readonly core: ConduitClient<typeof adminConduit>;
  readonly strangers: ConduitClient<typeof adminConduit>;
  readonly clock: Clock;
  readonly people: KnownPeople;
  /** Told after each answer whether the one on this connection is known. */
  readonly mark: (socket: Socket, isKnown: boolean) => void;
}

const MAY_TAKE_MS = 15_000;
/** The conduit's client has four connections for what is no long poll; some room for whoever comes next is left on each side. */
const KNOWN = { most: 4, mostEach: 3, mostWaiting: 256, mostWaitingEach: 32 };
/** From where somebody known came lately: a colleague who logs in does not wait behind strangers. */
const COLLEAGUES = { most: 2, mostEach: 1, mostWaiting: 32, mostWaitingEach: 4 };
const STRANGERS = { most: 4, mostEach: 1, mostWaiting: 64, mostWaitingEach: 4 };

export class CoreCalls {
  readonly #parts: CoreCallsParts;
  readonly #known = new Lane(KNOWN);
  readonly #colleagues = new Lane(COLLEAGUES);
  readonly #strangers = new Lane(STRANGERS);

  constructor(parts: CoreCallsParts) {
    this.#parts = parts;
  }

  /** Core's reply, or its fault. PEER_OVERLOADED where too much is asked at once, CONDUIT_UNAVAILABLE where core does not answer in time. */
  async call<Name extends Operation>(name: Name, input: InputOf<(typeof adminConduit)[Name]>, asker: Asker, { signal, mayTakeMs = MAY_TAKE_MS }: CallOptions): Promise<ReplyOf<(typeof adminConduit)[Name]>> {
    const { lane, client, who } = this.#wayOf(asker);
    const late = new AbortController();
    const cancel = this.#parts.clock.after(mayTakeMs, () => late.abort());
    const either = AbortSignal.any([signal, late.signal]);
    try {
      return await lane.run(who, either, () => this.#ask(client, name, input, asker, either));
    } catch (error) {
      if (!late.signal.aborted || signal.aborted || !isFault(error, "CANCELLED")) throw error;
      throw new Fault("CONDUIT_UNAVAILABLE", "the gateway's core does not answer", { remedy: "Try again in a few seconds; what was ordered may have been done meanwhile.", cause: error });
    } finally {
      cancel();
    }
  }

  /** A long poll: beside the lanes, on a connection of its own, until core answers. The caller bounds how many there are. */
  poll<Name extends Operation>(name: Name, input: InputOf<(typeof adminConduit)[Name]>, asker: Asker, signal: AbortSignal): Promise<ReplyOf<(typeof adminConduit)[Name]>> {
    return this.#ask(this.#parts.core, name, input, asker, signal);
  }

  #wayOf({ credentials, source }: Asker): { readonly lane: Lane; readonly client: ConduitClient<typeof adminConduit>; readonly who: string } {
    const { core, strangers, people } = this.#parts;
    if (credentials.kind !== "nobody" && people.has(credentials.bearer)) return { lane: this.#known, client: core, who: digest(credentials.bearer) };
    if (people.hasSource(source)) return { lane: this.#colleagues, client: core, who: source };
    return { lane: this.#strangers, client: strangers, who: source };
  }

  async #ask<Name extends Operation>(client: ConduitClient<typeof adminConduit>, name: Name, input: InputOf<(typeof adminConduit)[Name]>, asker: Asker, signal: AbortSignal): Promise<ReplyOf<(typeof adminConduit)[Name]>> {
    const { credentials, address, source, socket } = asker;
    const { people, mark } = this.#parts;
    const bearer = credentials.kind === "nobody" ? undefined : credentials.bearer;
    try {
      const reply = await client.call(name, input, signal, { bearer, source: address });
      if (bearer !== undefined) {
        people.learn(bearer, source, csrfIn(reply));
        mark(socket, true);
      }
      return reply;
    } catch (error) {
      if (bearer !== undefined && isFault(error, "SESSION_REQUIRED")) {
        people.forget(bearer);
        mark(socket, false);
      }
      throw error;
    }
  }
}

/** `me` says it: of a token it is empty. The answer to a login is about another session than the one that asked. */
function csrfIn(reply: unknown): string | undefined {
  if (typeof reply !== "object" || reply === null || !("csrf" in reply) || "session" in reply) return undefined;
  return typeof reply.csrf === "string" ? reply.csrf : undefined;
}
