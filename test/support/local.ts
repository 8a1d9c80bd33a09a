// What a person's commands ask core, for tests: the local conduit of a running gateway.

import { randomUUID } from "node:crypto";
import { localConduit } from "../../firmware/conduit/local.ts";
import { openConduit, type ConduitClient } from "../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../firmware/runtime/journal.ts";
import { systemClock } from "../../firmware/runtime/system-clock.ts";
import type { TestContext } from "./attempt.ts";

/** Closed when the test ends. */
export function openLocal({ defer }: Pick<TestContext, "defer">, dataDir: string): ConduitClient<typeof localConduit> {
  const local = openConduit(localConduit, { socket: conduitSocket(dataDir, "local"), clock: systemClock, epoch: randomUUID(), log: silentLog });
  defer(() => local.close());
  return local;
}
