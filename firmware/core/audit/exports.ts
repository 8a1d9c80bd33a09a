// The folder with what retention took out of the audit log: JSON lines, a bounded number of files, the oldest of which goes when there are too many.

import { closeSync, openSync, readdirSync, readSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { syncFolder } from "../storage/open-database.ts";

const NAME = /^audit-(\d{12})-(\d{12})\.jsonl$/;

export interface ExportLimits {
  readonly files: number;
  readonly bytes: number;
}

const LIMITS: ExportLimits = { files: 64, bytes: 67_108_864 };

/** One file of the folder, with the numbers of its first and last entry. */
export interface ExportFile {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
  /** Wall time, as the clock had it. */
  readonly writtenMs: number;
}

/** More than the longest line. */
const TAIL_BYTES = 65_536;

export class Exports {
  readonly folder: string;
  readonly #clock: Clock;
  readonly #limits: ExportLimits;

  constructor(folder: string, clock: Clock, limits = LIMITS) {
    this.folder = folder;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Oldest first; none where the folder is not there or cannot be read. */
  list(): readonly ExportFile[] {
    const isThere = statSync(this.folder, { throwIfNoEntry: false })?.isDirectory() === true;
    const found = (isThere ? readdirSync(this.folder) : []).flatMap((name) => {
      const [, first, last] = NAME.exec(name) ?? [];
      if (first === undefined) return [];
      const { size, mtimeMs } = statSync(join(this.folder, name));
      return [{ name, first: Number(first), last: Number(last), bytes: size, writtenMs: mtimeMs }];
    });
    return found.sort((one, other) => one.first - other.first);
  }

  /** Durable under its name when it resolves with it, mode 0600. Rejects with what the disk says; then nothing of it is left. */
  async write(first: number, last: number, lines: AsyncIterable<string>): Promise<string> {
    const name = `audit-${pad(first)}-${pad(last)}.jsonl`;
    const draft = join(this.folder, `${name}.new`);
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      const file = await open(draft, "w", 0o600);
      try {
        for await (const text of lines) await file.write(text);
        await file.sync();
      } finally {
        await file.close();
      }
      utimesSync(draft, this.#clock.now() / 1000, this.#clock.now() / 1000);
      renameSync(draft, join(this.folder, name));
      syncFolder(this.folder);
      return name;
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
  }

  /** Its last line; undefined where it cannot be read. */
  lastLine({ name, bytes }: ExportFile): string | undefined {
    const tail = Buffer.alloc(Math.min(bytes, TAIL_BYTES));
    try {
      const file = openSync(join(this.folder, name), "r");
      try {
        readSync(file, tail, 0, tail.length, bytes - tail.length);
      } finally {
        closeSync(file);
      }
    } catch {
      return undefined;
    }
    return tail.toString("utf8").trimEnd().split("\n").at(-1);
  }

  /** Removes the oldest, where there is one. */
  removeOldest(): ExportFile | undefined {
    const [oldest] = this.list();
    if (oldest !== undefined) rmSync(join(this.folder, oldest.name), { force: true });
    return oldest;
  }

  /** True while there is more than there may be. */
  isOverfull(): boolean {
    const files = this.list();
    return files.length > this.#limits.files || (files.length > 1 && files.reduce((sum, { bytes }) => sum + bytes, 0) > this.#limits.bytes);
  }
}

function pad(number: number): string {
  return String(number).padStart(12, "0");
}
