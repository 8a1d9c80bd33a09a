// `weir start`: runs all zones, or one, or the demonstration.

import { Option } from "commander";
import type { Command } from "commander";
import { Fault } from "../../drivers/contract/fault.ts";
import { catchStopSignals } from "../runtime/stop-signals.ts";

interface StartOptions {
  readonly config: string;
  readonly data: string;
  readonly zone?: string;
  readonly namespace?: string;
  readonly demo?: true;
}

export function addStart(program: Command): void {
  program
    .command("start")
    .description("run the gateway until Ctrl-C or SIGTERM")
    .option("--config <file>", "the configuration", "weir.yaml")
    .option("--data <dir>", "where the gateway keeps what it must not lose", "./.weir")
    .addOption(new Option("--zone <name>", "run only this zone, in this process").conflicts("demo"))
    .option("--namespace <name>", "with --zone field: read the segments of this network namespace, in which the process has been started")
    .option("--demo", "run with simulated machines and a local cloud, on this machine only")
    .action(async (options: StartOptions, command: Command) => {
      if (options.namespace !== undefined && options.zone !== "field") throw new Fault("INPUT_INVALID", "only the zone field runs in several network namespaces", { where: "--namespace", remedy: "Use it with --zone field; without --zone the processes for all namespaces are started." });
      if (options.zone !== undefined) await startZone(options.zone, options);
      else if (options.demo === true) await startDemo(options, command);
      else await startAll(options);
    });
}

async function startZone(name: string, options: StartOptions): Promise<void> {
  const [{ APPLIANCE_ZONES, ZONE_STAGES }, { runZone }] = await Promise.all([import("./zones.ts"), import("../runtime/zone-process.ts")]);
  const zones = [...ZONE_STAGES.flat(), ...APPLIANCE_ZONES];
  const zone = zones.find((known) => known.name === name);
  if (zone === undefined) throw new Fault("INPUT_INVALID", `there is no zone ${name}`, { where: "--zone", remedy: `It is one of ${zones.map((known) => known.name).join(", ")}.` });
  await runZone(zone, { dataDir: options.data, configFile: options.config, ...(options.namespace === undefined ? {} : { namespace: options.namespace }) });
}

async function startAll(options: StartOptions): Promise<void> {
  // Before the rest is loaded, which takes a while: a signal that comes meanwhile ends it as one that comes later.
  const { signal, release } = catchStopSignals();
  const { runGateway } = await import("./gateway.ts");
  const over = new AbortController();
  const onStart = (dataDir: string): void => void import("./terminal-access.ts").then(({ printAccess }) => printAccess(dataDir, AbortSignal.any([signal, over.signal])));
  await runGateway({ dataDir: options.data, configFile: options.config, onStart }, signal).finally(() => over.abort()).finally(release);
}

/** The demonstration has its own configuration and its own data directory unless they are named. */
async function startDemo(options: StartOptions, command: Command): Promise<void> {
  const { signal, release } = catchStopSignals();
  const { runDemo } = await import("./demo.ts");
  const isNamed = (option: string): boolean => command.getOptionValueSource(option) === "cli";
  const named = { ...(isNamed("config") ? { configFile: options.config } : {}), ...(isNamed("data") ? { dataDir: options.data } : {}) };
  await runDemo(named, signal).finally(release);
}
