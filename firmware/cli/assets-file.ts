// Files of lists: read as a spreadsheet saves them, written whole or not at all.

import { createReadStream, renameSync, rmSync, writeFileSync } from "node:fs";
import { isUtf8 } from "node:buffer";
import { Fault } from "../../drivers/contract/fault.ts";
import { errorCode } from "../runtime/error-code.ts";

export const MOST_BYTES = 8 * 1_048_576;
const UTF16_MARKS: ReadonlyMap<string, string> = new Map([["fffe", "utf-16le"], ["feff", "utf-16be"]]);

/** Its text without byte order mark; `-` is standard input. Throws INPUT_INVALID where it cannot be read, is larger than `MOST_BYTES` or no Unicode text. */
export async function readListFile(file: string): Promise<string> {
  const bytes = await readBounded(file);
  const encoding = UTF16_MARKS.get(bytes.toString("hex", 0, 2));
  if (encoding !== undefined) return new TextDecoder(encoding).decode(bytes);
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  const [good = ""] = bytes.toString("utf8").split("\ufffd", 1);
  const lines = good.split(/\r\n|\r|\n/);
  throw new Fault("INPUT_INVALID", "here begins what is no UTF-8", { where: `${nameOf(file)}:${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}`, remedy: "Save the list as `CSV UTF-8`: in another encoding letters like ä are not certain." });
}

/** What stands for the file in a message. */
export function nameOf(file: string): string {
  return file === "-" ? "standard input" : file;
}

/** Throws INPUT_INVALID when it cannot be written; what was there before is there then. */
export function writeListFile(file: string, text: string): void {
  const draft = `${file}.${process.pid}.part`;
  try {
    writeFileSync(draft, text, { flag: "wx" });
    renameSync(draft, file);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") rmSync(draft, { force: true });
    throw new Fault("INPUT_INVALID", `the file cannot be written (${errorCode(error) ?? "unknown"})`, { where: file, remedy: "Name a file in a folder that you may write to.", cause: error });
  }
}

async function readBounded(file: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of file === "-" ? process.stdin : createReadStream(file)) {
      const bytes = Buffer.from(part as Buffer);
      size += bytes.length;
      if (size > MOST_BYTES) break;
      parts.push(bytes);
    }
  } catch (error) {
    throw new Fault("INPUT_INVALID", `the list cannot be read (${errorCode(error) ?? "unknown"})`, { where: nameOf(file), remedy: "Name a CSV file, or `-` for standard input.", cause: error });
  }
  if (size > MOST_BYTES) throw new Fault("INPUT_INVALID", "the list is larger than 8 MiB", { where: nameOf(file), remedy: "Import it in parts." });
  return Buffer.concat(parts);
}
