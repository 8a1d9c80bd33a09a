// Reads a systemd unit file as its sections and settings, for tests that look at every one of them.

import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOTFS = fileURLToPath(new URL("../../rootfs/", import.meta.url));
export const UNIT_FOLDER = join(ROOTFS, "usr/lib/systemd/system");

export interface UnitFile {
  readonly name: string;
  /** All values of a setting in any section, in order. */
  all(key: string): readonly string[];
  /** The one value; undefined for none, an error for several. */
  one(key: string): string | undefined;
}

export function readUnits(suffix: string): readonly UnitFile[] {
  return readdirSync(UNIT_FOLDER)
    .filter((name) => name.endsWith(suffix))
    .map(readUnit);
}

function readUnit(name: string): UnitFile {
  const lines = readFileSync(join(UNIT_FOLDER, name), "utf8").split("\n");
  const settings = lines.filter((line) => /^[A-Za-z]+=/.test(line)).map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const);
  const all = (key: string): string[] => settings.filter(([name]) => name === key).map(([, value]) => value);
  return {
    name,
    all,
    one: (key) => {
      const [value, ...more] = all(key);
      if (more.length > 0) throw new Error(`${name} says ${key}= more than once`);
      return value;
    },
  };
}

/** Every file of the overlay, as a path from its root. */
export function listRootfs(): readonly string[] {
  return readdirSync(ROOTFS, { recursive: true, encoding: "utf8" }).filter((path) => statSync(join(ROOTFS, path)).isFile());
}
