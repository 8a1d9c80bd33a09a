// `weir assets list` and `show`: the register as the running gateway knows it.

import { Fault, isFault } from "../../drivers/contract/fault.ts";
import type { AssetEntry, ASSET_STATES } from "../conduit/assets.ts";
import type { localConduit } from "../conduit/local.ts";
import type { ConduitClient } from "../runtime/conduit-client.ts";
import { LONG_ANSWER_MS, askRunningCore } from "./ask-core.ts";
import { writeList } from "./assets-list.ts";
import { writeAsset } from "./assets-text.ts";
import type { AssetHistory } from "./assets-text.ts";
import { readKey, writeJson, writeKey } from "./printable.ts";

const PAGE = 100;

export interface ListOptions {
  readonly data: string;
  readonly state?: (typeof ASSET_STATES)[number];
  readonly json?: true;
}

export interface ShowOptions {
  readonly data: string;
  readonly history: number;
  readonly json?: true;
}

/** Prints the register, or those in one state. */
export async function listAssets({ data, state, json }: ListOptions): Promise<void> {
  const all = await askRunningCore(data, readAll, LONG_ANSWER_MS);
  const assets = state === undefined ? all : all.filter((entry) => entry.state === state);
  process.stdout.write(json === true ? `${writeJson({ assets })}\n` : writeList(assets, state !== undefined));
}

/** Prints one entry. Throws NOT_FOUND. */
export async function showAsset(text: string, { data, history: limit, json }: ShowOptions): Promise<void> {
  const found = await readOne(data, readKey(text), limit);
  process.stdout.write(json === true ? `${writeJson(found)}\n` : writeAsset(found.asset, found.history));
}

/** The whole register, page by page: what changes meanwhile may be in it as it was or as it is. */
export async function readAll(client: ConduitClient<typeof localConduit>, signal: AbortSignal): Promise<readonly AssetEntry[]> {
  const all: AssetEntry[] = [];
  for (;;) {
    const last = all.at(-1);
    const { assets, hasMore } = await client.call("assets", { limit: PAGE, ...(last === undefined ? {} : { after: last.key }) }, signal);
    all.push(...assets);
    if (!hasMore || assets.length === 0) return all;
  }
}

/** Throws NOT_FOUND with what to do. */
export async function readOne(data: string, key: string, limit: number): Promise<{ readonly asset: AssetEntry; readonly history: AssetHistory }> {
  return askRunningCore(data, (client, signal) => client.call("asset", { key, limit }, signal)).catch((error: unknown) => explainMissing(error, key));
}

/** Says for core's NOT_FOUND what there is to look at. */
export function explainMissing(error: unknown, key: string): never {
  if (!isFault(error, "NOT_FOUND")) throw error;
  throw new Fault("NOT_FOUND", "no machine is known by this name or key", { where: writeKey(key), remedy: "`weir assets list` shows those that are.", cause: error });
}
