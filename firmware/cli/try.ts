// `weir try miko`: shows what a profile finds at a machine and what does not fit, so that a profile can be written without a gateway.

import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { Fault } from "../../drivers/contract/fault.ts";
import type { DriverContext } from "../../drivers/contract/driver.ts";
import type { TrialStep } from "../../drivers/miko/trial.ts";
import { silentLog } from "../runtime/journal.ts";
import { systemClock } from "../runtime/system-clock.ts";

interface TryFlags {
  readonly url: string;
  readonly profile?: string;
  readonly pin?: string;
  readonly wait: number;
  readonly json?: boolean;
}

/** Adds the subcommand. Exit 0 when everything fits, 1 when something does not or the machine is away, 2 for wrong input. */
export function addTry(program: Command): void {
  const miko = new Command("miko")
    .description("tries a profile on a MIKO-style machine")
    .requiredOption("--url <url>", "base URL of the machine's Request interface, with its IP address")
    .option("--profile <file>", "the profile (JSON or YAML); the reference profile where it is not given")
    .option("--pin <fingerprint>", "SHA-256 fingerprint of the machine's certificate, for https")
    .option("--wait <ms>", "how long to listen for messages", milliseconds, 5000)
    .option("--json", "print each step as a JSON line")
    .action(tryMiko);
  program.command("try").description("tries a driver on a device without configuring it").addCommand(miko);
}

async function tryMiko(flags: TryFlags): Promise<void> {
  const { completeMikoConfig } = await import("../../drivers/miko/config.ts");
  const { loadProfile } = await import("../../drivers/miko/profile-file.ts");
  const { tryProfile } = await import("../../drivers/miko/trial.ts");
  const { signal } = interruptible();
  const config = completeMikoConfig({ url: flags.url, ...(flags.pin === undefined ? {} : { tls: { pin: flags.pin } }) }, "--url");
  const profile = await loadProfile(flags.profile === undefined ? undefined : resolve(flags.profile), signal);
  const trust = flags.pin === undefined ? undefined : { pin: flags.pin };
  let misfits = 0;
  for await (const step of tryProfile({ config, profile, trust, waitMs: flags.wait }, trialContext(), signal)) {
    if (!step.isFit) misfits += 1;
    process.stdout.write(flags.json === true ? `${JSON.stringify(step)}\n` : writeStep(step));
  }
  if (misfits > 0) throw new Fault("PEER_PROTOCOL", `${misfits === 1 ? "one step does" : `${misfits} steps do`} not fit.`, { where: config.url, remedy: "docs/miko-profile.md describes the profile." });
}

/** One step as text: a heading, then one line for each thing found or missed. */
export function writeStep({ step, isFit, found, misfits = [], fault }: TrialStep): string {
  const things = Array.isArray(found) ? (found as readonly unknown[]) : found === undefined ? [] : [found];
  const lines = [
    `${isFit ? "fits    " : "MISFIT  "}${step}${Array.isArray(found) ? ` (${things.length})` : ""}`,
    ...things.map((thing) => `          ${typeof thing === "string" ? thing : JSON.stringify(thing)}`),
    ...misfits.flatMap(({ reason, payload }) => [`        ! ${reason}`, ...(payload === undefined ? [] : [`          in ${payload}`])]),
    ...(fault === undefined ? [] : [`        ! ${fault.where === undefined ? "" : `${fault.where}: `}${fault.message}${fault.remedy === undefined ? "" : ` ${fault.remedy}`}`]),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function trialContext(): DriverContext {
  return {
    clock: systemClock,
    log: silentLog,
    segment: [],
    secret: (name) => {
      throw new Fault("SECRET_MISSING", `a trial has no secret "${name}"`);
    },
    cursor: () => undefined,
    quarantine: () => Promise.resolve(),
    arrivesBy: () => undefined,
    report: () => undefined,
  };
}

function interruptible(): AbortController {
  const abort = new AbortController();
  process.once("SIGINT", () => abort.abort());
  return abort;
}

function milliseconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 3_600_000) throw new InvalidArgumentError("Give milliseconds, 0 to 3600000.");
  return value;
}
