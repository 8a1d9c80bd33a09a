// The gateway's id where the configuration gives none: random, made at the first start, kept in a file of its own.

import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { asFault } from "../../../drivers/contract/fault.ts";
import { syncFolder } from "../storage/open-database.ts";

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Not in a database: one that is set aside must not make this gateway another one to the cloud. */
export function keepGatewayId(dataDir: string): string {
  const path = join(dataDir, "gateway.id");
  const known = readId(path);
  if (known !== undefined) return known;
  const id = `weir-${randomBytes(6).toString("hex")}`;
  const draft = `${path}.${process.pid}.new`;
  try {
    const descriptor = openSync(draft, "w", 0o600);
    writeSync(descriptor, `${id}\n`);
    fsyncSync(descriptor);
    closeSync(descriptor);
    rmSync(path, { force: true });
    linkSync(draft, path);
    syncFolder(dirname(path));
    return id;
  } catch (error) {
    throw asFault(error, path);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Undefined where there is no file, or one that holds no id (a torn write of a foreign hand). */
function readId(path: string): string | undefined {
  try {
    const text = readFileSync(path, "utf8").trim();
    return ID.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
