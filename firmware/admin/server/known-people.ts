// Whom core knew a moment ago: they go before strangers. It opens nothing, core asks again at each call.

import { createHash } from "node:crypto";
import type { Clock } from "../../../drivers/contract/clock.ts";

/** As long as a session may be idle and more. */
const REMEMBERED_MS = 45 * 60_000;
/** An address from which somebody was let in is that of a colleague for the rest of the shift [U4.7.2]. */
const SOURCE_REMEMBERED_MS = 12 * 3_600_000;
const MOST = 512;

interface Known {
  readonly csrf: string | undefined;
  readonly atMs: number;
}

export class KnownPeople {
  readonly #clock: Pick<Clock, "uptimeMs">;
  readonly #people = new Map<string, Known>();
  readonly #sources = new Map<string, number>();

  constructor(clock: Pick<Clock, "uptimeMs">) {
    this.#clock = clock;
  }

  /** Core did what this session or token asked, from this address; `csrf` where it said what the session's is. */
  learn(bearer: string, source: string, csrf?: string): void {
    const key = digest(bearer);
    const atMs = this.#clock.uptimeMs();
    put(this.#people, key, { csrf: csrf ?? this.#people.get(key)?.csrf, atMs });
    put(this.#sources, source, atMs);
  }

  forget(bearer: string): void {
    this.#people.delete(digest(bearer));
  }

  has(bearer: string): boolean {
    return this.#find(bearer) !== undefined;
  }

  /** What has to come back with everything that changes something; undefined where core did not say it yet. */
  csrfOf(bearer: string): string | undefined {
    return this.#find(bearer)?.csrf;
  }

  hasSource(source: string): boolean {
    const atMs = this.#sources.get(source);
    return atMs !== undefined && this.#clock.uptimeMs() - atMs < SOURCE_REMEMBERED_MS;
  }

  #find(bearer: string): Known | undefined {
    const known = this.#people.get(digest(bearer));
    return known !== undefined && this.#clock.uptimeMs() - known.atMs < REMEMBERED_MS ? known : undefined;
  }
}

/** The text itself is kept nowhere in this zone. */
export function digest(bearer: string): string {
  return createHash("sha256").update(bearer).digest("base64url");
}

function put<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MOST) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
