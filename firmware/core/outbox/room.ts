// How much room the disk and the configured bounds leave to the outbox.

import { existsSync, statSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { Bounds } from "./limits.ts";
import { PAGE_BYTES } from "./schema.ts";
import type { Store } from "./store.ts";

export interface Room {
  /**
   * Bytes that may be written before the oldest must be dropped; negative when they must be now. Free pages of the database count.
   * The disk does not count while others use so much of it that an empty outbox would not restore the mark: nothing is dropped in vain.
   */
  readonly beforeDropBytes: number;
  /** Bytes before nothing is accepted any more. */
  readonly beforeRefusalBytes: number;
  /** Free pages inside the database that the file system needs back. */
  readonly pagesToReturn: number;
  readonly text: string;
}

/** Three quick calls to kernel and SQLite. A file system that gives no figures is taken for roomy: SQLITE_FULL is the last bound. */
export function measureRoom(store: Store, limits: Bounds): Room {
  const freePages = pragma(store, "freelist_count");
  const usedBytes = (pragma(store, "page_count") - freePages) * PAGE_BYTES + sizeOf(`${store.file}-wal`);
  const inDatabase = limits.maxBytes - usedBytes;
  const disk = measureDisk(store.file, limits);
  const reusable = freePages * PAGE_BYTES;
  const onDisk = disk.free + reusable - disk.keepFree;
  return {
    beforeDropBytes: onDisk + usedBytes < 0 ? inDatabase : Math.min(inDatabase, onDisk),
    beforeRefusalBytes: Math.min(inDatabase + limits.maxBytes / 8, disk.free + reusable - disk.keepFree / 2),
    pagesToReturn: disk.free < disk.keepFree ? Math.min(freePages, Math.ceil((disk.keepFree - disk.free) / PAGE_BYTES)) : 0,
    text: `${Math.round(disk.free / 1024)} KiB of the file system are free, ${Math.round(disk.keepFree / 1024)} KiB shall stay free; the database uses ${Math.round(usedBytes / 1024)} KiB`,
  };
}

function measureDisk(file: string, { maxFraction, reserveBytes }: Bounds): { readonly free: number; readonly keepFree: number } {
  try {
    const { bsize, blocks, bavail } = statfsSync(dirname(file));
    const total = blocks * bsize;
    return { free: bavail * bsize, keepFree: Math.max((1 - maxFraction) * total, Math.min(reserveBytes, total / 4)) };
  } catch {
    return { free: Number.POSITIVE_INFINITY, keepFree: 0 };
  }
}

function pragma(store: Store, name: string): number {
  return Number(store.db.pragma(name, { simple: true }));
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}
