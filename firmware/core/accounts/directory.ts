// The plant's directory as core sees it: questions that the zone plant fetches and answers, and which role a person's groups give.

import { randomUUID } from "node:crypto";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { plantConduit } from "../../conduit/plant.ts";
import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import type { DirectorySettings } from "../../config/plant-section.ts";
import { ROLES, type Role } from "../../config/roles.ts";

type Answer = InputOf<typeof plantConduit.answer>;
type Question = ReplyOf<typeof plantConduit.questions>["questions"][number];

/** Somebody whom the directory knows, and what their groups give them. */
export interface DirectoryPerson {
  readonly outcome: "known";
  readonly role: Role;
  readonly displayName: string;
  readonly email: string;
}

export type DirectoryVerdict = DirectoryPerson | { readonly outcome: "refused"; readonly why: "unknown" | "no group" };

interface Waiting {
  readonly question: Question;
  isGiven: boolean;
  readonly settle: (answer: Answer) => void;
}

/** More logins than this do not wait at a time: the plant's directory is not ours to be flooded. */
const MOST_WAITING = 16;
/** For the way to the zone and back, and its second connection for the proof. */
const MARGIN_MS = 3000;

export class Directory {
  readonly #clock: Clock;
  readonly #settings: () => DirectorySettings | undefined;
  readonly #waiting = new Map<string, Waiting>();
  #wake = Promise.withResolvers<void>();

  constructor(clock: Clock, settings: () => DirectorySettings | undefined) {
    this.#clock = clock;
    this.#settings = settings;
  }

  get isConfigured(): boolean {
    return this.#settings() !== undefined;
  }

  /** Throws PEER_OVERLOADED, PEER_TIMEOUT where the zone plant does not answer, NOT_SUPPORTED where none is configured, or what the zone met. */
  async ask(user: string, password: string, signal: AbortSignal): Promise<DirectoryVerdict> {
    const settings = this.#settings();
    if (settings === undefined) throw new Fault("NOT_SUPPORTED", "no directory is configured", { where: "plant.directory" });
    if (this.#waiting.size >= MOST_WAITING) throw new Fault("PEER_OVERLOADED", `${MOST_WAITING} logins wait for the directory already`, { where: "plant.directory", remedy: "Try again a little later." });
    const id = randomUUID();
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    // Each server once, and each asked twice: for the person, and for the proof.
    const limitMs = 2 * settings.timeout * settings.servers.length + MARGIN_MS;
    const cancel = this.#clock.after(limitMs, () => reject(new Fault("PEER_TIMEOUT", "the directory was not asked in time", { where: "plant.directory", remedy: "Check that the zone plant runs (`weir status`), and the directory." })));
    const stop = (): void => reject(new Fault("CANCELLED", "the login was given up", { cause: signal.reason }));
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    this.#waiting.set(id, { question: { id, user, password }, isGiven: false, settle: resolve });
    this.#wake.resolve();
    try {
      return this.#judge(await promise, settings);
    } finally {
      cancel();
      signal.removeEventListener("abort", stop);
      this.#waiting.delete(id);
    }
  }

  /** For the zone plant: what waits, each once; at the latest after `waitMs`. */
  async take(waitMs: number, signal: AbortSignal): Promise<readonly Question[]> {
    const ready = (): Waiting[] => [...this.#waiting.values()].filter(({ isGiven }) => !isGiven);
    if (ready().length === 0) {
      this.#wake = Promise.withResolvers<void>();
      await Promise.race([this.#wake.promise, this.#clock.sleep(waitMs, signal)]);
    }
    return ready().map((waiting) => {
      waiting.isGiven = true;
      return waiting.question;
    });
  }

  /** What is not waited for any more is dropped. */
  answer(answer: Answer): void {
    this.#waiting.get(answer.id)?.settle(answer);
  }

  #judge({ outcome, displayName = "", email = "", fault, groups = [] }: Answer, settings: DirectorySettings): DirectoryVerdict {
    if (outcome === "fault") throw new Fault(fault?.code ?? "PEER_UNREACHABLE", fault?.message ?? "the directory could not be asked", { where: fault?.where ?? "plant.directory", remedy: fault?.remedy });
    if (outcome === "refused") return { outcome, why: "unknown" };
    const role = roleOf(groups, settings.groups);
    return role === undefined ? { outcome: "refused", why: "no group" } : { outcome, role, displayName, email };
  }
}

/** The highest role that one of the groups gives. */
export function roleOf(groups: readonly string[], mapped: DirectorySettings["groups"]): Role | undefined {
  const own = new Set(groups.map(plainName));
  const given = mapped.filter(({ group }) => own.has(plainName(group))).map(({ role }) => role);
  return ROLES.findLast((role) => given.includes(role));
}

/** Distinguished names are the same whatever the case and the blanks between their parts (RFC 4518, simplified). */
function plainName(name: string): string {
  return name.toLowerCase().replace(/\s*([,=+])\s*/g, "$1").trim();
}
