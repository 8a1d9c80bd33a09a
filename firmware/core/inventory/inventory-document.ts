// Writes the document of topic `inventory` (InventorySchema of firmware/protocol/cloud-payloads.ts).

import { createHash } from "node:crypto";
import type { Asset } from "./asset.ts";
import type { Register } from "./register.ts";

export interface InventoryDocument {
  /** JSON text. */
  readonly body: Buffer;
  /** The same for the same body. */
  readonly digest: string;
}

/** How long assets are written in one turn of the event loop; one of 50 points takes some 30 µs. */
const TURN_MS = 4;

/**
 * The assets that a zone reads, in the order of their ids. Addresses in the plant's network stay in the plant. The points' text comes
 * from state.db as it goes on the wire. Lets others run in between (`pause`); `uptimeMs` tells when.
 */
export async function writeInventory(gateway: string, register: Register, uptimeMs: () => number, pause: () => Promise<void>): Promise<InventoryDocument> {
  const found = [...register.all()].filter((asset) => asset.zone !== null).sort((a, b) => (a.id < b.id ? -1 : 1));
  const parts: Buffer[] = [];
  const hash = createHash("sha256");
  const add = (text: string): void => {
    const part = Buffer.from(text);
    parts.push(part);
    hash.update(part);
  };
  add(`{"gateway":${JSON.stringify(gateway)},"assets":[`);
  let turnMs = uptimeMs();
  for (const text of writeAssets(found, register)) {
    add(text);
    if (uptimeMs() - turnMs <= TURN_MS) continue;
    await pause();
    turnMs = uptimeMs();
  }
  add("]}");
  return { body: Buffer.concat(parts), digest: hash.digest("base64") };
}

function* writeAssets(assets: readonly Asset[], register: Register): Iterable<string> {
  for (const [index, { id, name, state, nameplate, equipment }] of assets.entries()) {
    yield `${index === 0 ? "" : ","}${JSON.stringify({ asset: id, name, state, nameplate, equipment }).slice(0, -1)},"points":[`;
    let before = "";
    for (const page of register.pointsOf(id)) {
      yield before + page;
      before = ",";
    }
    yield "]}";
  }
}
