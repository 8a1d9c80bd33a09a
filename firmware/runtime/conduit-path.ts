// Where a conduit's socket lies, and that nobody else could have put it there.

import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, realpathSync } from "node:fs";
import type { Stats } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { Fault } from "../../drivers/contract/fault.ts";
import { errorCode } from "./error-code.ts";

/** sockaddr_un holds 108 bytes with the closing NUL (unix(7)). */
const MAX_PATH_BYTES = 107;

/**
 * The socket of a conduit (`source-field`, `cloud`, `local`). The same for every process of this user, whatever way leads to the data directory.
 * On the appliance each zone has its own data directory, and the units name the folder of all sockets (WEIR_CONDUITS=/run/weir).
 */
export function conduitSocket(dataDir: string, name: string): string {
  const shared = process.env["WEIR_CONDUITS"] ?? "";
  if (shared !== "") return join(shared, `${name}.sock`);
  const home = realPath(dataDir);
  const path = join(home, "run", `${name}.sock`);
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return path;
  const digest = createHash("sha256").update(home).digest("hex").slice(0, 16);
  return join(tmpdir(), `weir-${process.getuid?.() ?? 0}-${digest}`, `${name}.sock`);
}

/** The conduit's name, as systemd hands it over in LISTEN_FDNAMES. */
export function conduitName(socket: string): string {
  return basename(socket, ".sock");
}

/** Makes the folder that the socket lies in, mode 0700. Throws ACCESS_DENIED when it belongs to another user or is no folder. */
export function prepareRunFolder(socket: string): void {
  const folder = dirname(socket);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  demandOwner(folder, found, [process.getuid?.() ?? 0]);
  if ((found.mode & 0o077) !== 0) chmodSync(folder, 0o700);
}

/** For a caller: throws ACCESS_DENIED when the folder belongs neither to this user nor to root. A folder that is not there yet passes. */
export function refuseForeignFolder(socket: string): void {
  const folder = dirname(socket);
  let found: Stats;
  try {
    found = lstatSync(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw new Fault("ACCESS_DENIED", "the folder of the conduit's socket cannot be read", { where: folder, remedy: "Run it as the user who owns the data directory.", cause: error });
  }
  demandOwner(folder, found, [process.getuid?.() ?? 0, 0]);
}

function demandOwner(folder: string, found: Stats, owners: readonly number[]): void {
  if (found.isDirectory() && owners.includes(found.uid)) return;
  const why = found.isDirectory() ? `belongs to user ${found.uid}` : "is no folder";
  throw new Fault("ACCESS_DENIED", `the folder for the conduits' sockets ${why}`, { where: folder, remedy: "Remove it, or name another data directory with --data." });
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}
