// `weir assets refuse` and `forget`: what shall not be read, and what is no longer there.

import { askRunningCore } from "./ask-core.ts";
import { explainMissing } from "./assets-read.ts";
import { readKey, writeJson, writeKey } from "./printable.ts";

export interface RefuseOptions {
  readonly data: string;
  readonly reason?: string;
  readonly json?: true;
}

/** It is read no more, or never. Throws NOT_FOUND. */
export async function refuseAsset(text: string, { data, reason, json }: RefuseOptions): Promise<void> {
  const key = readKey(text);
  const input = { key, ...(reason === undefined ? {} : { reason }) };
  const answer = await askRunningCore(data, (client, signal) => client.call("refuseAsset", input, signal)).catch((error: unknown) => explainMissing(error, key));
  process.stdout.write(json === true ? `${writeJson(answer)}\n` : `refused ${writeKey(answer.asset.key)}: nothing is read from it, and it is not offered again as long as it is what it is\n`);
}

/** Takes the entry out of the register. Throws NOT_FOUND, and core's fault where it is in use. */
export async function forgetAsset(text: string, { data }: { readonly data: string }): Promise<void> {
  const key = readKey(text);
  await askRunningCore(data, (client, signal) => client.call("forgetAsset", { key }, signal)).catch((error: unknown) => explainMissing(error, key));
  process.stdout.write(`forgotten: ${writeKey(key)}\n`);
}
