// Writes the audit log as JSON lines, page by page, to a new file or to the terminal.

import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { Fault } from "../../drivers/contract/fault.ts";
import type { auditRoutes } from "../conduit/audit.ts";
import type { InputOf } from "../conduit/route.ts";
import { errorCode } from "../runtime/error-code.ts";
import { askRunningCore } from "./ask-core.ts";
import { writeJson } from "./printable.ts";

/** A whole log on a small and busy device. */
const EXPORT_MS = 30 * 60_000;
const PAGE = 500;

type Filters = Pick<InputOf<typeof auditRoutes.audit>, "from" | "until" | "actor" | "action" | "result" | "text">;

/** Returns how many there were. The file is on the disk then; where anything fails nothing is left of it. Throws INPUT_INVALID where it is there already. */
export async function exportAudit(data: string, filters: Filters, output: string | undefined): Promise<number> {
  if (output === undefined) return readAll(data, filters, (text) => void process.stdout.write(text));
  const descriptor = openNew(output);
  try {
    const count = await readAll(data, filters, (text) => writeAll(descriptor, text, output));
    fsyncSync(descriptor);
    return count;
  } catch (error) {
    rmSync(output, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

function readAll(data: string, filters: Filters, take: (text: string) => void): Promise<number> {
  return askRunningCore(
    data,
    async (client, signal) => {
      let count = 0;
      let after = 0;
      for (let hasMore = true; hasMore; ) {
        const page = await client.call("audit", { ...filters, after, limit: PAGE, ...(after === 0 ? { export: true } : {}) }, signal);
        take(page.records.map((record) => `${writeJson(record, 0)}\n`).join(""));
        count += page.records.length;
        const last = page.records.at(-1);
        hasMore = page.hasMore && last !== undefined;
        after = last?.number ?? after;
      }
      return count;
    },
    EXPORT_MS,
  );
}

function openNew(file: string): number {
  try {
    return openSync(file, "wx", 0o600);
  } catch (error) {
    const code = errorCode(error) ?? "unknown";
    throw new Fault("INPUT_INVALID", `the file ${code === "EEXIST" ? "is there already, and is not overwritten" : `cannot be written (${code})`}`, { where: file, remedy: "Name another one, in a folder that you may write to.", cause: error });
  }
}

function writeAll(descriptor: number, text: string, file: string): void {
  try {
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
  } catch (error) {
    throw new Fault("STORAGE_FULL", "the export cannot be written to its end", { where: file, remedy: "Free space there, or name a file on another file system.", cause: error });
  }
}
