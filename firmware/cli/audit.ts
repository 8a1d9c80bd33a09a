// `weir audit`: who did what on the gateway, whether the log is whole, and a copy of it.

import type { Command } from "commander";
import { Fault } from "../../drivers/contract/fault.ts";
import type { auditRoutes } from "../conduit/audit.ts";
import type { InputOf, ReplyOf } from "../conduit/route.ts";
import { writeBreak, writeRecords } from "./audit-text.ts";
import { printable, writeJson } from "./printable.ts";

const MOST_SHOWN = 100;
/** Of one answer of core. */
const MOST_ASKED = 500;

type Filters = Pick<InputOf<typeof auditRoutes.audit>, "from" | "until" | "actor" | "action" | "result" | "text">;

interface AuditOptions extends Filters {
  readonly data: string;
  readonly json?: true;
}

export function addAudit(program: Command): void {
  const audit = program.command("audit").description("the audit log: who did what, when, from where, with what result");
  addList(audit);
  addVerify(audit);
  addExport(audit);
}

function addList(audit: Command): void {
  withFilters(audit.command("list").description("the newest entries, newest first"))
    .option("--limit <n>", "so many at most", String(MOST_SHOWN))
    .option("--json", "print them as JSON")
    .action(async ({ data, json, limit, ...filters }: AuditOptions & { readonly limit: string }) => {
      const most = readCount(limit);
      const { askRunningCore, LONG_ANSWER_MS } = await import("./ask-core.ts");
      const records: ReplyOf<typeof auditRoutes.audit>["records"] = [];
      await askRunningCore(
        data,
        async (client, signal) => {
          for (let hasMore = true; hasMore && records.length < most; ) {
            const last = records.at(-1);
            const answer = await client.call("audit", { ...filters, limit: Math.min(MOST_ASKED, most - records.length), ...(last === undefined ? {} : { before: last.number }) }, signal);
            records.push(...answer.records);
            hasMore = answer.hasMore && answer.records.length > 0;
          }
        },
        LONG_ANSWER_MS,
      );
      process.stdout.write(json === true ? `${writeJson({ records })}\n` : writeRecords(records));
    });
}

function addVerify(audit: Command): void {
  audit
    .command("verify")
    .description("checks each entry and that none is missing; exit 1 with the first number where the log is broken")
    .option("--data <dir>", "the gateway's data directory", "./.weir")
    .option("--known <number:mark>", "a mark kept elsewhere, as in the cloud's status document: the log must go through it")
    .option("--json", "print the outcome as JSON")
    .action(async ({ data, json, known }: AuditOptions & { readonly known?: string }) => {
      const mark = known === undefined ? {} : { known: readMark(known) };
      const { askRunningCore, LONG_ANSWER_MS } = await import("./ask-core.ts");
      const outcome = await askRunningCore(data, (client, signal) => client.call("verifyAudit", mark, signal), LONG_ANSWER_MS);
      if (outcome.broken !== null) process.exitCode = 1;
      process.stdout.write(json === true ? `${writeJson(outcome)}\n` : printable(writeBreak(outcome)).concat("\n"));
    });
}

function addExport(audit: Command): void {
  withFilters(audit.command("export").description("all entries as JSON lines, oldest first; the export is recorded itself"))
    .option("--output <file>", "a new file, for its owner alone; without it they are printed")
    .action(async ({ data, output, json: _, ...filters }: AuditOptions & { readonly output?: string }) => {
      const { exportAudit } = await import("./audit-export.ts");
      const count = await exportAudit(data, filters, output);
      if (output !== undefined) process.stdout.write(`${count} entries written\n`);
    });
}

function withFilters(command: Command): Command {
  return command
    .option("--data <dir>", "the gateway's data directory", "./.weir")
    .option("--from <time>", "not before, like 2026-03-01T00:00:00Z")
    .option("--until <time>", "not after")
    .option("--actor <name>", "of this account, token or part of the gateway")
    .option("--action <name>", "of this kind; docs/audit.md lists them")
    .option("--result <result>", "done, refused or failed")
    .option("--text <text>", "with this text anywhere");
}

function readCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new Fault("INPUT_INVALID", "--limit is no number of entries", { where: "--limit", remedy: "Write a whole number from 1 on." });
  return count;
}

function readMark(text: string): { number: number; chain: string } {
  const [, number, chain] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (number === undefined || chain === undefined) throw new Fault("INPUT_INVALID", "--known is no mark", { where: "--known", remedy: "Write number and mark as the status document has them: `1234:` and 64 hexadecimal digits." });
  return { number: Number(number), chain };
}
