// `weir status`: how the gateway is, in one sentence first, then what is queued, connected and wrong, and what to do about it.

import type { Command } from "commander";
import { Fault } from "../../drivers/contract/fault.ts";
import { LANGUAGES } from "../core/health/condition-codes.ts";
import type { Language } from "../core/health/condition-codes.ts";

interface StatusOptions {
  readonly data: string;
  readonly json?: true;
  readonly lang?: string;
}

export function addStatus(program: Command): void {
  program
    .command("status")
    .description("how the running gateway is: outbox, cloud, machines, and what needs attention")
    .option("--data <dir>", "the gateway's data directory", "./.weir")
    .option("--json", "print the status as JSON")
    .option("--lang <language>", `language of the conditions: ${LANGUAGES.join(" or ")}`)
    .action(async (options: StatusOptions) => {
      const language = chooseLanguage(options.lang, process.env);
      const [{ askCore }, { writeStatus }, { writeJson }] = await Promise.all([import("./ask-core.ts"), import("./status-text.ts"), import("./printable.ts")]);
      const status = await askCore(options.data, (client, signal) => client.call("status", {}, signal));
      if (status === undefined) {
        throw new Fault("CONDUIT_UNAVAILABLE", "no gateway runs on this data directory", { where: options.data, remedy: "Start it with `weir start`, or name its data directory with --data." });
      }
      process.stdout.write(options.json === true ? `${writeJson(status)}\n` : writeStatus(status, language));
    });
}

/** What was asked for, else what the environment says (LC_ALL, LC_MESSAGES, LANG), else English. Throws INPUT_INVALID for a language there is not. */
export function chooseLanguage(asked: string | undefined, environment: Readonly<Record<string, string | undefined>>): Language {
  const known = (text: string): Language | undefined => LANGUAGES.find((language) => text.toLowerCase().startsWith(language));
  if (asked !== undefined) {
    const language = known(asked);
    if (language === undefined) throw new Fault("INPUT_INVALID", `there are no texts in "${asked}"`, { where: "--lang", remedy: `Use one of ${LANGUAGES.join(", ")}.` });
    return language;
  }
  const locale = [environment["LC_ALL"], environment["LC_MESSAGES"], environment["LANG"]].find((text) => text !== undefined && text !== "");
  return known(locale ?? "") ?? "en";
}
