// What tasks brought, as files in the data directory: written in pieces, whole when they are named, bounded together.

import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { open, rename, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { asFault, Fault, isFault } from "../../../drivers/contract/fault.ts";
import { errorCode } from "../../runtime/error-code.ts";
import { isForWantOfRoom, syncFolder } from "../storage/open-database.ts";

/** One result, and all of them. A snapshot of a gateway with 2,000 machines has some 2 MiB. */
export const MOST_RESULT_BYTES = 16 * 1_048_576;
export const MOST_ALL_BYTES = 128 * 1_048_576;
/** A result never takes the last of the file system: readings need it. */
const FREE_BYTES = 128 * 1_048_576;
export const PIECE_BYTES = 262_144;

export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export class Results {
  readonly #folder: string;

  /** Makes the folder and deletes what belongs to no task of `kept` (ids whose results are whole or being written). */
  constructor(folder: string, kept: ReadonlySet<string>) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) if (!kept.has(name.replace(/\.(part|result)$/, ""))) rmSync(join(folder, name), { force: true, recursive: true });
  }

  /** Where the result of this task is written before it is whole. */
  draftOf(id: string): string {
    return join(this.#folder, `${id}.part`);
  }

  /** The work begins (anew): nothing of it is there. Throws STORAGE_FULL where the file system has no room to spare. */
  async begin(id: string): Promise<void> {
    await this.remove(id);
    const { bavail, bsize } = await statfs(this.#folder);
    if (bavail * bsize < FREE_BYTES) throw new Fault("STORAGE_FULL", `less than ${FREE_BYTES / 1_048_576} MiB are free, so no result is written`, { where: this.#folder, remedy: "Free space on the file system of the data directory." });
  }

  /** The same piece again is harmless. Throws INPUT_INVALID where pieces are missing before it, PEER_LIMIT where it grows too long. */
  async add(id: string, { offset, bytes }: Piece): Promise<void> {
    if (offset + bytes.length > MOST_RESULT_BYTES) throw new Fault("PEER_LIMIT", `a result has at most ${MOST_RESULT_BYTES / 1_048_576} MiB`);
    try {
      const handle = await open(this.draftOf(id), offset === 0 ? "w" : "r+", 0o600);
      try {
        const { size } = await handle.stat();
        if (offset > size) throw new Fault("INPUT_INVALID", `the piece begins at ${offset}, and only ${size} bytes came before`);
        await handle.write(bytes, 0, bytes.length, offset);
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw explain(error, this.draftOf(id));
    }
  }

  /** Makes the result whole and durable; resolves with its bytes. Again is harmless. Throws NOT_FOUND where nothing was written. */
  async finish(id: string): Promise<number> {
    const draft = this.draftOf(id);
    const whole = await stat(this.#pathOf(id)).catch(() => undefined);
    if (whole !== undefined) return whole.size;
    try {
      const handle = await open(draft, "r+");
      let size = 0;
      try {
        ({ size } = await handle.stat());
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(draft, this.#pathOf(id));
      syncFolder(this.#folder);
      return size;
    } catch (error) {
      throw explain(error, draft);
    }
  }

  /** At most `PIECE_BYTES` from `offset` on; empty at the end. Throws NOT_FOUND where there is none any more. */
  async read(id: string, offset: number): Promise<Uint8Array> {
    try {
      const handle = await open(this.#pathOf(id), "r");
      try {
        const piece = Buffer.alloc(PIECE_BYTES);
        const { bytesRead } = await handle.read(piece, 0, PIECE_BYTES, offset);
        return piece.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw explain(error, id);
    }
  }

  async remove(id: string): Promise<void> {
    await rm(this.draftOf(id), { force: true }).catch(() => undefined);
    await rm(this.#pathOf(id), { force: true }).catch(() => undefined);
  }

  #pathOf(id: string): string {
    return join(this.#folder, `${id}.result`);
  }
}

function explain(error: unknown, where: string): Fault {
  if (isFault(error)) return error;
  if (errorCode(error) === "ENOENT") return new Fault("NOT_FOUND", "the result is not there (any more)", { where, cause: error });
  if (isForWantOfRoom(error)) return new Fault("STORAGE_FULL", "the result cannot be written: the file system is full", { where, remedy: "Free space on the file system of the data directory.", cause: error });
  return asFault(error, where);
}
