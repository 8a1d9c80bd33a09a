// Supervises fixture zones: `fixture-supervisor.ts DIR core:well field:hangs,cloud:well` has two stages of them. A third part, `field:well:FILE`, is a file
// without which the zone cannot be started; a stage that begins with `=` is found out when the one before is ready.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { asFault, Fault } from "../../../drivers/contract/fault.ts";
import { openJournal } from "../../../firmware/runtime/journal.ts";
import { catchStopSignals } from "../../../firmware/runtime/stop-signals.ts";
import { supervise, type Stage } from "../../../firmware/runtime/supervisor.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import type { ChildSpec } from "../../../firmware/runtime/zone-child.ts";

const [dataDir = ".", ...stages] = process.argv.slice(2);
const zone = fileURLToPath(new URL("fixture-zone.ts", import.meta.url));

const specs = stages.map((stage): Stage => {
  const zones = stage.replace(/^=/, "").split(",").map((text): ChildSpec => {
    const [name = "", behaviour = "", file] = text.split(":");
    const obstacle = (): Fault | undefined => (file === undefined || existsSync(join(dataDir, file)) ? undefined : new Fault("NOT_FOUND", `there is no ${file}`, { where: name }));
    return { name, command: [process.execPath, zone, name, behaviour, dataDir], obstacle };
  });
  return stage.startsWith("=") ? () => Promise.resolve(zones) : zones;
});

const { signal, release } = catchStopSignals();
try {
  const onChange = (zones: object): void => void process.stdout.write(`${JSON.stringify({ zones })}\n`);
  await supervise(specs, { clock: systemClock, log: openJournal({ scope: "supervisor" }), onChange, silentMs: 12_000 }, signal);
} catch (error) {
  process.stdout.write(`refused: ${asFault(error).code}\n`);
  process.exitCode = 3;
} finally {
  release();
}
