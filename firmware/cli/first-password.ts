// How one becomes the first administrator: address, one-time password and fingerprint, for the terminal of whoever has the gateway in their hands.

import type { Clock } from "../../drivers/contract/clock.ts";
import { isFault } from "../../drivers/contract/fault.ts";
import type { custodyRoutes } from "../conduit/accounts.ts";
import type { ReplyOf } from "../conduit/route.ts";
import type { ConduitClient } from "../runtime/conduit-client.ts";
import { writeFingerprint } from "./assets-fingerprint.ts";

export type FirstPassword = ReplyOf<typeof custodyRoutes.firstPassword>;
type Asking = Pick<ConduitClient<Pick<typeof custodyRoutes, "firstPassword">>, "call">;

/** How soon a password that is used, or another one, is noticed. */
const LOOK_MS = 1000;
/** The same while there is an account: only a reset of the accounts changes that. */
const LOOK_RARELY_MS = 10_000;
/** So long the page may take to open before the password is shown without an address. */
const PAGE_MS = 20_000;

/** Never for a journal. Empty where there is an account. */
export function describeFirst({ oneTimePassword, urls, fingerprint }: FirstPassword): readonly string[] {
  if (oneTimePassword === null) return [];
  const addresses = urls.length === 0 ? ["not open yet: `weir status` says why"] : urls;
  return [
    "Nobody has an account at this gateway yet. Whoever opens its page with this password becomes the first administrator:",
    ...addresses.map((url, place) => `${place === 0 ? "page         " : "             "}${url}`),
    `password     ${oneTimePassword}   good once, and another one after each start`,
    ...(fingerprint === null ? [] : [`certificate  SHA-256 ${writeFingerprint(fingerprint)}`]),
  ];
}

/** Calls `show` with each new state, an empty list once there is an account; resolves when the signal aborts, or, with `untilClaimed`, when there is an account. */
export async function followFirst(core: Asking, clock: Clock, show: (lines: readonly string[]) => void, signal: AbortSignal, untilClaimed = false): Promise<void> {
  let shown = "";
  const startedMs = clock.uptimeMs();
  while (!signal.aborted) {
    const first = await core.call("firstPassword", {}, signal).catch((error: unknown) => {
      if (signal.aborted || isFault(error, "CONDUIT_UNAVAILABLE")) return undefined;
      throw error;
    });
    const isEarly = first?.oneTimePassword !== null && first?.urls.length === 0 && clock.uptimeMs() - startedMs < PAGE_MS;
    const lines = first === undefined || isEarly ? [] : describeFirst(first);
    const text = lines.join("\n");
    if (first !== undefined && !isEarly && text !== shown) {
      shown = text;
      show(lines);
    }
    const isClaimed = first?.oneTimePassword === null;
    if (isClaimed && untilClaimed) return;
    await clock.sleep(isClaimed ? LOOK_RARELY_MS : LOOK_MS, signal).catch(() => undefined);
  }
}
