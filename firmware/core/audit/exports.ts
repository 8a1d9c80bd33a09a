// The folder with what retention took out of the audit log: JSON lines, a bounded number of files, the oldest of which goes when there are too many.

import { readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
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
}

export class Exports {
  readonly folder: string;
  readonly #limits: ExportLimits;

  constructor(folder: string, limits = LIMITS) {
    this.folder = folder;
    this.#limits = limits;
  }

  /** Oldest first; none where the folder is not there or cannot be read. */
  list(): readonly ExportFile[] {
    const isThere = statSync(this.folder, { throwIfNoEntry: false })?.isDirectory() === true;
    const found = (isThere ? readdirSync(this.folder) : []).flatMap((name) => {
      const [, first, last] = NAME.exec(name) ?? [];
      return first === undefined ? [] : [{ name, first: Number(first), last: Number(last), bytes: statSync(join(this.folder, name)).size }];
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
      renameSync(draft, join(this.folder, name));
      syncFolder(this.folder);
      return name;
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
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
