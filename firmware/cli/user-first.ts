// `weir user first`: what makes the first administrator, for scripts and for the console of an appliance.

import { writeSync } from "node:fs";
import type { Command } from "commander";
import { Fault } from "../../drivers/contract/fault.ts";

/** Core looks once a second whether there is an account. */
const SEEN_MS = 3000;

interface FirstOptions {
  readonly data: string;
  readonly json?: true;
  readonly console?: true;
}

export function addUserFirst(user: Command): void {
  user
    .command("first")
    .description("where the page is, and the one-time password that makes the first administrator; exit 1 when there is an account")
    .option("--data <dir>", "the gateway's data directory", "./.weir")
    .option("--json", "print it as JSON")
    .option("--console", "for the appliance: print it to standard output and standard error, again when it changes, until there is an account")
    .action((options: FirstOptions) => (options.console === true ? showOnConsole(options.data) : show(options)));
}

async function show({ data, json }: FirstOptions): Promise<void> {
  const [{ askRunningCore }, { describeFirst }] = await Promise.all([import("./ask-core.ts"), import("./first-password.ts")]);
  const first = await askRunningCore(data, (client, signal) => client.call("firstPassword", {}, signal));
  if (first.oneTimePassword === null) throw new Fault("NOT_FOUND", "there is an account already, and no one-time password", { remedy: "Log in with it. Who has lost all accounts resets them with `weir user reset`." });
  process.stdout.write(json === true ? `${JSON.stringify(first, null, 2)}\n` : `${describeFirst(first).join("\n")}\n`);
}

/** By a conduit of its own, which can ask for nothing else. */
async function showOnConsole(dataDir: string): Promise<void> {
  const [{ consoleConduit }, { openConduit }, { conduitSocket }, { silentLog }, { catchStopSignals }, { systemClock }, { followFirst }, { randomUUID }] = await Promise.all([
    import("../conduit/console.ts"),
    import("../runtime/conduit-client.ts"),
    import("../runtime/conduit-path.ts"),
    import("../runtime/journal.ts"),
    import("../runtime/stop-signals.ts"),
    import("../runtime/system-clock.ts"),
    import("./first-password.ts"),
    import("node:crypto"),
  ]);
  const { signal, release } = catchStopSignals();
  const core = openConduit(consoleConduit, { socket: conduitSocket(dataDir, "console"), clock: systemClock, epoch: randomUUID(), log: silentLog });
  try {
    await followFirst(core, systemClock, writeToBoth, signal, true);
    // Core takes away meanwhile what starts this anew.
    await systemClock.sleep(SEEN_MS, signal).catch(() => undefined);
  } finally {
    await core.close();
    release();
  }
}

/** The unit leads standard output to the screen and standard error to the console, which may be a serial line; a terminal wants both characters at a line's end. */
function writeToBoth(lines: readonly string[]): void {
  if (lines.length === 0) return;
  const text = ["", ...lines, ""].map((line) => `${line}\r\n`).join("");
  for (const fd of [1, 2]) {
    try {
      writeSync(fd, text);
    } catch {
      // One of the two may not be there.
    }
  }
}
