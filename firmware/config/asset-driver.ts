// The driver of an asset: exactly one key of the asset is a driver's id.

import { ASSET_KEYS, type AssetSettings } from "./assets-section.ts";
import type { Report } from "./problems.ts";
import type { Configuration } from "./schema.ts";
import { findNearest, listWords, quote } from "./words.ts";

/** Reports assets without a driver, with several, or with one that is not known. */
export function checkDrivers(value: unknown, drivers: readonly string[], report: Report): void {
  const assets: unknown = isGroup(value) ? value["assets"] : undefined;
  if (!Array.isArray(assets)) return;
  for (const [index, asset] of assets.entries()) {
    if (!isGroup(asset)) continue;
    const path = ["assets", index];
    const found = Object.keys(asset).filter((key) => drivers.includes(key));
    const unknown = Object.keys(asset).filter((key) => !drivers.includes(key) && !ASSET_KEYS.includes(key) && findNearest(key, ASSET_KEYS) === undefined);
    if (found.length > 1) report({ path, at: "value", message: `this asset has ${found.length} drivers: ${listWords(found, "and")}.`, remedy: "Keep one: an asset is read by one driver." });
    if (found.length > 0) continue;
    if (unknown.length === 0) report({ path, at: "value", message: "this asset has no driver.", remedy: `Add the settings of one under its id. ${nameDrivers(drivers)}` });
    for (const key of unknown) {
      const nearest = findNearest(key, drivers);
      report({ path: [...path, key], at: "key", message: `there is no driver ${quote(key)}.`, remedy: nearest === undefined ? nameDrivers(drivers) : `Did you mean ${nearest}?` });
    }
  }
}

function nameDrivers(drivers: readonly string[]): string {
  return `Known drivers: ${listWords(drivers, "and")}.`;
}

/** The checked value with each asset's driver key turned into `driver` and `config`. */
export function separateDrivers(resolved: unknown): Configuration {
  // The schema has been checked: from here on the value has the configuration's type but for its assets.
  const checked = resolved as Omit<Configuration, "assets"> & { readonly assets: readonly Readonly<Record<string, unknown>>[] };
  return { ...checked, assets: checked.assets.map(separateDriver) };
}

function separateDriver(asset: Readonly<Record<string, unknown>>): AssetSettings {
  const own = Object.fromEntries(Object.entries(asset).filter(([key]) => ASSET_KEYS.includes(key)));
  const driver = Object.keys(asset).find((key) => !ASSET_KEYS.includes(key)) ?? "";
  return { ...(own as Pick<AssetSettings, "name" | "segment" | "equipment">), driver, config: asset[driver] };
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
