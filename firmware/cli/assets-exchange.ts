// `weir assets export` and `import`: the register as a list that a spreadsheet opens, and back.

import { CommanderError } from "commander";
import { isFault } from "../../drivers/contract/fault.ts";
import type { AssetLine, assetRoutes } from "../conduit/assets.ts";
import type { localConduit } from "../conduit/local.ts";
import { arrange, writeProblem } from "../config/problems.ts";
import type { Problem } from "../config/problems.ts";
import type { ReplyOf } from "../conduit/route.ts";
import { LONG_ANSWER_MS, askRunningCore } from "./ask-core.ts";
import { writeRegister } from "./assets-csv.ts";
import { nameOf, readListFile, writeListFile } from "./assets-file.ts";
import { readLines } from "./assets-lines.ts";
import { findNews } from "./assets-news.ts";
import { cutParts } from "./assets-parts.ts";
import { readAll } from "./assets-read.ts";
import type { ConduitClient } from "../runtime/conduit-client.ts";
import { printable, writeJson } from "./printable.ts";

type Reply = ReplyOf<typeof assetRoutes.importAssets>;
const WRONG_INPUT = 2;

export interface ExportOptions {
  readonly data: string;
  readonly out?: string;
  readonly excel?: true;
}

export interface ImportOptions {
  readonly data: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** Writes the whole register to standard output or a file. */
export async function exportAssets({ data, out, excel }: ExportOptions): Promise<void> {
  const assets = await askRunningCore(data, readAll, LONG_ANSWER_MS);
  const text = writeRegister(assets, excel === true);
  if (out === undefined) {
    process.stdout.write(text);
    return;
  }
  writeListFile(out, text);
  process.stderr.write(`${assets.length} written to ${printable(out)}\n`);
}

/** Takes all lines of a list, or none where one is wrong: then all faults are told, and it ends with a CommanderError, which stands for exit code 2. */
export async function importAssets(file: string, { data, dryRun, json }: ImportOptions): Promise<void> {
  const read = readLines(await readListFile(file));
  const isWrong = read.problems.length > 0;
  // Where the file alone is wrong already, core only adds what it knows; that none runs is not the point then.
  const reply = await send(data, read.lines, dryRun === true || isWrong).catch((error: unknown) => (isWrong && isFault(error) ? undefined : Promise.reject(error)));
  const problems = arrange([...read.problems, ...(reply?.problems ?? []).map(({ line, field, message }) => ({ ...read.place(line, field), message }))]);
  if (problems.length > 0) return refuse(file, problems, json === true);
  if (reply !== undefined) process.stdout.write(json === true ? `${writeJson({ ...reply, leftOut: read.leftOut })}\n` : writeOutcome(reply, read.leftOut, dryRun === true));
  return undefined;
}

/** Core's reply, with the lines counted as they stand in the list. */
async function send(data: string, lines: readonly AssetLine[], dryRun: boolean): Promise<Reply> {
  const news = findNews(lines, await askRunningCore(data, readAll, LONG_ANSWER_MS));
  const reply = await askRunningCore(data, (client, signal) => sendParts(client, news.lines, dryRun, signal), LONG_ANSWER_MS);
  return { ...reply, same: reply.same + news.same, problems: reply.problems.map((problem) => ({ ...problem, line: news.positions[problem.line] ?? 0 })) };
}

/** The answer to the last part is that to the list. */
async function sendParts(client: ConduitClient<typeof localConduit>, lines: readonly AssetLine[], dryRun: boolean, signal: AbortSignal): Promise<Reply> {
  let reply: Reply = { added: 0, changed: 0, same: 0, problems: [] };
  for (const part of cutParts(lines)) reply = await client.call("importAssets", { ...part, dryRun }, signal);
  return reply;
}

function refuse(file: string, problems: readonly Problem[], asJson: boolean): never {
  if (asJson) process.stdout.write(`${writeJson({ file: nameOf(file), problems })}\n`);
  else process.stderr.write([...problems.map((problem) => printable(writeProblem(nameOf(file), problem))), "Nothing was taken."].map((line) => `${line}\n`).join(""));
  throw new CommanderError(WRONG_INPUT, "weir.assets.import", "the list cannot be taken");
}

function writeOutcome({ added, changed, same }: Reply, leftOut: number, isDry: boolean): string {
  const left = leftOut === 0 ? "" : ` ${leftOut} without a name were passed over: no machine is read under them.`;
  return `${isDry ? "It would be" : "Taken:"} ${added} added, ${changed} changed, ${same} as they are.${left}\n`;
}
