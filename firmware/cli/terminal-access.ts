// Prints on the terminal of `weir start` how one becomes the first administrator. Only on a terminal: anything else may be kept as a log.

import { randomUUID } from "node:crypto";
import { asFault } from "../../drivers/contract/fault.ts";
import { localConduit } from "../conduit/local.ts";
import { openConduit } from "../runtime/conduit-client.ts";
import { conduitSocket } from "../runtime/conduit-path.ts";
import { silentLog } from "../runtime/journal.ts";
import { systemClock } from "../runtime/system-clock.ts";
import { followFirst } from "./first-password.ts";

/** Until the signal aborts; does nothing where standard error is no terminal. Never rejects. */
export async function printAccess(dataDir: string, signal: AbortSignal): Promise<void> {
  if (!process.stderr.isTTY) return;
  const core = openConduit(localConduit, { socket: conduitSocket(dataDir, "local"), clock: systemClock, epoch: randomUUID(), log: silentLog });
  const print = (lines: readonly string[]): void => void (lines.length > 0 && process.stderr.write(["", ...lines, "", ""].join("\n")));
  try {
    await followFirst(core, systemClock, print, signal);
  } catch (error) {
    if (!signal.aborted) process.stderr.write(`weir: how the page is opened cannot be told: ${asFault(error).message}\n`);
  } finally {
    await core.close();
  }
}
