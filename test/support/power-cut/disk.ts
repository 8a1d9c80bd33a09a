// A disk that loses power: replays recorded operations and yields one of the states in which a cut may leave the files.
//
// The model is ext4 with data=ordered: changes of names (create, rename, unlink) survive as a prefix in their order, all of those
// before any completed sync survive, and of the data written or truncated since a file's last sync any subset of 512-byte sectors survives.

import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { FileOperation } from "./recording.ts";

const SECTOR = 512;

/** How kind the disk is to what was not synced: nothing of it survives, all of it, a prefix of it, or any sectors of it. */
export type Mercy = "none" | "all" | "prefix" | "sectors";

type DataOperation = Extract<FileOperation, { kind: "write" | "truncate" }>;
type NameOperation = Extract<FileOperation, { kind: "create" | "rename" | "unlink" }>;

interface Inode {
  durable: Buffer;
  pending: DataOperation[];
}

interface NameChange {
  readonly operation: NameOperation;
  readonly inode: Inode | undefined;
}

/** A number in [0, 1). */
export type Random = () => number;

export class Disk {
  readonly #now = new Map<string, Inode>();
  readonly #durable = new Map<string, Inode>();
  #pending: NameChange[] = [];

  apply(operation: FileOperation): void {
    if (operation.kind === "sync") this.#sync(operation.path);
    else if (operation.kind === "write" || operation.kind === "truncate") this.#inode(operation.path).pending.push(operation);
    else this.#changeName(operation);
  }

  /** Writes the files as the cut leaves them into `folder`, flat. */
  cut(folder: string, mercy: Mercy, random: Random): void {
    mkdirSync(folder, { recursive: true });
    const names = new Map(this.#durable);
    const kept = mercy === "none" ? 0 : mercy === "all" ? this.#pending.length : Math.floor(random() * (this.#pending.length + 1));
    for (const change of this.#pending.slice(0, kept)) applyName(names, change);
    for (const [path, inode] of names) writeFileSync(join(folder, basename(path)), contentAfterCut(inode, mercy, random));
  }

  #inode(path: string): Inode {
    const inode = this.#now.get(path);
    if (inode === undefined) throw new Error(`recorded data for ${path}, which was never created`);
    return inode;
  }

  #changeName(operation: NameOperation): void {
    const inode = operation.kind === "create" ? { durable: Buffer.alloc(0), pending: [] } : this.#now.get(operation.path);
    const change = { operation, inode };
    applyName(this.#now, change);
    this.#pending.push(change);
  }

  #sync(path: string): void {
    for (const change of this.#pending) applyName(this.#durable, change);
    this.#pending = [];
    const inode = this.#now.get(path);
    if (inode === undefined) return;
    inode.durable = inode.pending.reduce<Buffer>((content, operation) => written(content, operation, () => true), inode.durable);
    inode.pending = [];
  }
}

function applyName(names: Map<string, Inode>, { operation, inode }: NameChange): void {
  if (operation.kind !== "create") names.delete(operation.path);
  if (inode === undefined) return;
  if (operation.kind === "create") names.set(operation.path, inode);
  if (operation.kind === "rename") names.set(operation.to, inode);
}

function contentAfterCut(inode: Inode, mercy: Mercy, random: Random): Buffer {
  const count = mercy === "none" ? 0 : mercy === "prefix" ? Math.floor(random() * (inode.pending.length + 1)) : inode.pending.length;
  const survives = mercy === "sectors" ? () => random() < 0.5 : () => true;
  return inode.pending.slice(0, count).reduce<Buffer>((content, operation) => written(content, operation, survives), Buffer.from(inode.durable));
}

function written(content: Buffer, operation: DataOperation, survives: () => boolean): Buffer {
  if (operation.kind === "truncate") return survives() ? resized(content, operation.length) : content;
  const end = operation.offset + operation.data.length;
  let result = content;
  for (let from = operation.offset; from < end; from = Math.min(end, (Math.floor(from / SECTOR) + 1) * SECTOR)) {
    if (!survives()) continue;
    const to = Math.min(end, (Math.floor(from / SECTOR) + 1) * SECTOR);
    if (to > result.length) result = resized(result, to);
    operation.data.copy(result, from, from - operation.offset, to - operation.offset);
  }
  return result;
}

function resized(content: Buffer, length: number): Buffer {
  const result = Buffer.alloc(length);
  content.copy(result, 0, 0, Math.min(length, content.length));
  return result;
}
