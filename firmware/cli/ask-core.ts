// How a command speaks to a running gateway: over the local conduit, or not at all when none runs.

import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { resolve } from "node:path";
import { Fault } from "../../drivers/contract/fault.ts";
import { localConduit } from "../conduit/local.ts";
import { openConduit } from "../runtime/conduit-client.ts";
import type { ConduitClient } from "../runtime/conduit-client.ts";
import { conduitSocket } from "../runtime/conduit-path.ts";
import { silentLog } from "../runtime/journal.ts";
import { systemClock } from "../runtime/system-clock.ts";

/** How long a gateway that runs may take to answer a command. */
const ANSWER_MS = 10_000;
/** The same for a whole register or a list of 2,000 machines, on a small and busy device. */
export const LONG_ANSWER_MS = 120_000;

/** Asks the core that runs on the data directory; undefined when none does. Throws core's faults, and CANCELLED when it does not answer in time. */
export async function askCore<Answer>(dataDir: string, ask: (client: ConduitClient<typeof localConduit>, signal: AbortSignal) => Promise<Answer>, limitMs = ANSWER_MS): Promise<Answer | undefined> {
  const socket = conduitSocket(resolve(dataDir), "local");
  if (!(await isServed(socket))) return undefined;
  const client = openConduit(localConduit, { socket, clock: systemClock, epoch: randomUUID(), log: silentLog });
  const limit = new AbortController();
  const cancelLimit = systemClock.after(limitMs, () => limit.abort(new Error("the gateway did not answer in time")));
  try {
    return await ask(client, limit.signal);
  } finally {
    cancelLimit();
    await client.close();
  }
}

/** The same where a gateway must run: throws CONDUIT_UNAVAILABLE with what to do when none does. */
export async function askRunningCore<Answer>(dataDir: string, ask: (client: ConduitClient<typeof localConduit>, signal: AbortSignal) => Promise<Answer>, limitMs = ANSWER_MS): Promise<Answer> {
  const answer = await askCore(dataDir, async (client, signal) => ({ given: await ask(client, signal) }), limitMs);
  if (answer !== undefined) return answer.given;
  throw new Fault("CONDUIT_UNAVAILABLE", "no gateway runs on this data directory", { where: dataDir, remedy: "Start it with `weir start`, or name its data directory with --data." });
}

/** A socket file alone says nothing: a killed gateway leaves it behind. */
async function isServed(socket: string): Promise<boolean> {
  if (!existsSync(socket)) return false;
  const probe = connect(socket);
  const { promise, resolve: settle } = Promise.withResolvers<boolean>();
  probe.once("connect", () => settle(true));
  probe.once("error", (error: NodeJS.ErrnoException) => settle(error.code === "EACCES" || error.code === "EAGAIN"));
  try {
    return await promise;
  } finally {
    probe.destroy();
  }
}
