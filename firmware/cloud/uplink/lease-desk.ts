// Takes leases from core and gives every one of them back, whatever becomes of the connection that asked for it.

import type { cloudConduit, Lane, LeaseHead } from "../../conduit/cloud.ts";
import type { InputOf } from "../../conduit/route.ts";
import type { SeqRange } from "../../conduit/shared.ts";
import type { ConduitClient } from "../../runtime/conduit-client.ts";

export interface Lease {
  readonly head: LeaseHead;
  readonly body: Uint8Array;
}

export type LeaseRequest = InputOf<(typeof cloudConduit)["lease"]>;

export interface Verdict {
  readonly accepted?: readonly SeqRange[];
  readonly rejected?: readonly { readonly range: SeqRange; readonly reason: string }[];
  readonly kept?: readonly SeqRange[];
}

export interface LeaseDesk {
  /**
   * The next readings of a lane; undefined when nothing came or the signal aborted. A call that is under way when the signal
   * aborts is not cut off, since core may have leased already: what it brings is settled as kept.
   */
  take(request: LeaseRequest, signal: AbortSignal): Promise<Lease | undefined>;
  /** Durable when it resolves. */
  settle(lease: Lease, verdict: Verdict): Promise<void>;
  keep(lease: Lease): Promise<void>;
}

/** `signal` ends the process's use of the conduit: leases that are then open end with its epoch. `failed` hears what nobody awaits. */
export function openLeaseDesk(core: ConduitClient<typeof cloudConduit>, signal: AbortSignal, failed: (error: unknown) => void): LeaseDesk {
  const orphans = new Map<Lane, Promise<void>>();
  const settle: LeaseDesk["settle"] = async (lease, { accepted = [], rejected = [], kept = [] }) => {
    if (accepted.length + rejected.length + kept.length === 0) return;
    await core.call("settle", { lease: lease.head.lease, stream: lease.head.stream, accepted: [...accepted], rejected: [...rejected], kept: [...kept] }, signal);
  };
  const keep = (lease: Lease): Promise<void> => settle(lease, { kept: lease.head.ranges });
  const giveBack = (call: Promise<Lease>, lane: Lane): void => {
    const back = call.then((lease) => keep(lease)).catch((error: unknown) => signal.aborted || failed(error));
    const done = back.then(() => void orphans.delete(lane));
    orphans.set(lane, done);
  };
  const ask = (request: LeaseRequest, gone: AbortSignal): Promise<Lease | undefined> =>
    new Promise((resolve, reject) => {
      if (gone.aborted) return resolve(undefined);
      const call = core.call("lease", request, signal);
      let isOver = false;
      const leave = (): void => {
        isOver = true;
        giveBack(call, request.lane);
        resolve(undefined);
      };
      gone.addEventListener("abort", leave, { once: true });
      const finish = (settled: () => void): void => {
        gone.removeEventListener("abort", leave);
        if (!isOver) settled();
      };
      call.then((lease) => finish(() => resolve(lease.head.count === 0 ? undefined : lease)), (error: unknown) => finish(() => reject(error)));
    });
  return {
    settle,
    keep,
    take: async (request, gone) => {
      await untilAborted(orphans.get(request.lane), gone);
      return ask(request, gone);
    },
  };
}

/** Resolves with the promise or as soon as the signal aborts. */
async function untilAborted(promise: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  if (promise === undefined || signal.aborted) return;
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  const leave = (): void => resolve();
  signal.addEventListener("abort", leave, { once: true });
  await Promise.race([promise, gone]);
  signal.removeEventListener("abort", leave);
}
