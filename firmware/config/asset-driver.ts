// The driver of an asset: exactly one key of the asset is a driver's id.

import { ASSET_KEYS, type AssetSettings } from "./assets-section.ts";
import type { Report } from "./problems.ts";
import type { Configuration } from "./schema.ts";
import { listWords } from "./words.ts";

/** Reports assets without a driver or with several. A key that is neither driver nor setting is reported by the schema's check. */
export function checkDrivers(value: unknown, drivers: readonly string[], report: Report): void {
  const assets: unknown = isGroup(value) ? value["assets"] : undefined;
  if (!Array.isArray(assets)) return;
  for (const [index, asset] of assets.entries()) {
    if (!isGroup(asset)) continue;
    const others = Object.keys(asset).filter((key) => !ASSET_KEYS.includes(key));
    const found = others.filter((key) => drivers.includes(key));
    const path = ["assets", index];
    if (found.length > 1) report({ path, at: "value", message: `this asset has ${found.length} drivers: ${listWords(found, "and")}.`, remedy: "Keep one: an asset is read by one driver." });
    else if (others.length === 0) report({ path, at: "value", message: "this asset has no driver.", remedy: `Add the settings of one under its id. Known drivers: ${listWords(drivers, "and")}.` });
  }
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
