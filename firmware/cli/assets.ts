// `weir assets`: the register of machines, what was found on the segments, and what a person decides about it.

import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import type { AssetEntry } from "../conduit/assets.ts";
import type { AcceptOptions } from "./assets-accept.ts";
import { addEnrol } from "./assets-enrol.ts";
import type { ExportOptions, ImportOptions } from "./assets-exchange.ts";
import type { ListOptions, ShowOptions } from "./assets-read.ts";
import type { RefuseOptions } from "./assets-refuse.ts";

/** Written out, since the contract's own list would load its schemas with every `weir --help`. */
const STATES: Readonly<Record<AssetEntry["state"], true>> = { pending: true, suspended: true, accepted: true, refused: true };
const HISTORY = 10;
const MOST_HISTORY = 1000;
const KEY_WORDS = "name of the machine, its id, or the endpoint it was found as: what `weir assets list` shows";

/** Adds the group. Each command ends with 0 when it is done, 1 when it failed, 2 for wrong input. */
export function addAssets(program: Command): void {
  const assets = program.command("assets").description("the register of machines: what is read, what was found and waits to be accepted, lists as CSV");
  addReading(assets);
  addDeciding(assets);
  addExchange(assets);
  addEnrol(assets);
}

function add(assets: Command, name: string, description: string, isDefault = false): Command {
  return assets.command(name, { isDefault }).description(description).option("--data <dir>", "the gateway's data directory", "./.weir");
}

function addReading(assets: Command): void {
  add(assets, "list", "all machines; first those that wait for a decision, with the command for it", true)
    .addOption(new Option("--state <state>", "only those in this state").choices(Object.keys(STATES)))
    .option("--json", "print them as JSON")
    .action(async (options: ListOptions) => (await import("./assets-read.ts")).listAssets(options));
  add(assets, "show", "all that is known of one machine, and what happened to it")
    .argument("<key>", KEY_WORDS)
    .option("--history <number>", "how many entries of its history, newest first", readCount, HISTORY)
    .option("--json", "print it as JSON")
    .action(async (key: string, options: ShowOptions) => (await import("./assets-read.ts")).showAsset(key, options));
}

function addDeciding(assets: Command): void {
  add(assets, "accept", "take a machine into service after you have compared it; a suspended or refused one is taken up again")
    .argument("[keys...]", KEY_WORDS)
    .option("--fingerprint <sha256>", "accept only if this is its certificate, and ask nothing; any case, with or without colons")
    .option("--name <name>", "its name from now on; made from its serial number where none is given")
    .option("--user <name>", "user name, for a machine that wants one (only over https)")
    .option("--password-secret <secret>", "the secret that holds the password, set with `weir secret set`")
    .option("--all-pending", "all that wait to be accepted; needs --yes")
    .option("--yes", "ask nothing")
    .option("--json", "print what was accepted as JSON")
    .action(async (keys: readonly string[], options: AcceptOptions) => (await import("./assets-accept.ts")).acceptAssets(keys, options));
  add(assets, "refuse", "read a machine no more, or never, and do not offer it again as long as it is what it is")
    .argument("<key>", KEY_WORDS)
    .option("--reason <text>", "why, for those who ask later")
    .option("--json", "print it as JSON")
    .action(async (key: string, options: RefuseOptions) => (await import("./assets-refuse.ts")).refuseAsset(key, options));
  add(assets, "forget", "take out an entry that no configuration names and nothing reads")
    .argument("<key>", KEY_WORDS)
    .action(async (key: string, options: { readonly data: string }) => (await import("./assets-refuse.ts")).forgetAsset(key, options));
}

function addExchange(assets: Command): void {
  add(assets, "export", "all machines as a list (CSV) for a spreadsheet")
    .option("--out <file>", "write it to this file, not to standard output")
    .option("--excel", "semicolons and a byte order mark, as Excel opens it where the comma separates decimals")
    .action(async (options: ExportOptions) => (await import("./assets-exchange.ts")).exportAssets(options));
  add(assets, "import", "take a list (CSV) with a column `name`: all of its lines, or none where one is wrong")
    .argument("<file>", "separated by commas, semicolons or tabs; `-` is standard input")
    .option("--dry-run", "say what would change, and change nothing")
    .option("--json", "print the outcome as JSON")
    .action(async (file: string, options: ImportOptions) => (await import("./assets-exchange.ts")).importAssets(file, options));
}

function readCount(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= 0 && count <= MOST_HISTORY) return count;
  throw new InvalidArgumentError(`Give a number from 0 to ${MOST_HISTORY}.`);
}
