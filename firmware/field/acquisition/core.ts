// What an acquisition asks of core, over the source conduit, with patience for what is only for now.

import { Buffer } from "node:buffer";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { isFault } from "../../../drivers/contract/fault.ts";
import type { AssetId } from "../../../drivers/contract/identity.ts";
import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import type { sourceConduit } from "../../conduit/source.ts";
import { makeBackoff } from "../../runtime/backoff.ts";
import type { ConduitClient } from "../../runtime/conduit-client.ts";

export interface Core {
  /** Which assets are accepted, and their cursors. Throws what core throws (IDENTITY_CHANGED). */
  identify(found: InputOf<typeof sourceConduit.identify>, signal: AbortSignal): Promise<ReplyOf<typeof sourceConduit.identify>>;
  /** True with the last page, where core has them all. */
  points(page: InputOf<typeof sourceConduit.points>, signal: AbortSignal): Promise<boolean>;
  /** Resolves when durable. */
  quarantine(asset: AssetId, reason: string, payload: Uint8Array, signal: AbortSignal): Promise<void>;
  link(report: InputOf<typeof sourceConduit.link>, signal: AbortSignal): Promise<void>;
}

/** As base64 it is what the conduit takes. */
const MAX_PAYLOAD = 196_608;

export function makeCore(client: ConduitClient<typeof sourceConduit>, clock: Clock): Core {
  const patiently = async <Result>(call: () => Promise<Result>, signal: AbortSignal): Promise<Result> => {
    const backoff = makeBackoff({ firstMs: 100, maxMs: 2000 });
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (signal.aborted || !isFault(error, "STORAGE_FULL", "STORAGE_BUSY")) throw error;
        await clock.sleep(backoff.nextMs(), signal);
      }
    }
  };
  return {
    identify: (found, signal) => patiently(() => client.call("identify", found, signal), signal),
    points: async (page, signal) => (await patiently(() => client.call("points", page, signal), signal)).isInForce,
    quarantine: async (asset, reason, payload, signal) => {
      const text = Buffer.from(payload.subarray(0, MAX_PAYLOAD)).toString("base64");
      await patiently(() => client.call("quarantine", { asset, reason: reason.slice(0, 1024), payload: text }, signal), signal);
    },
    link: async (report, signal) => void (await client.call("link", report, signal)),
  };
}
