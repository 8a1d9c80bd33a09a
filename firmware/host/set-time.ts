// The verb that sets the system's clock.

import { Fault } from "../../drivers/contract/fault.ts";
import { runCommand } from "./run-command.ts";

/** Before this software was written, and beyond what certificates and file systems are sure of: a mistake, not a time. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);

/** `time` is ISO 8601 in UTC. Throws INPUT_INVALID for what is no time between 2026 and 2100. */
export async function setTime(date: string, time: string): Promise<void> {
  const wanted = Date.parse(time);
  // A day that there is not (30 February) is parsed as another one.
  const isReal = Number.isFinite(wanted) && new Date(wanted).toISOString().startsWith(time.slice(0, 19));
  if (!isReal || wanted < EARLIEST_MS || wanted >= LATEST_MS) throw new Fault("INPUT_INVALID", "this is no time between 2026 and 2100", { where: "time" });
  await runCommand(date, ["--utc", `--set=@${(wanted / 1000).toFixed(3)}`]);
}
