// Writes the document of topic `inventory` (InventorySchema of firmware/protocol/cloud-payloads.ts).

import { createHash } from "node:crypto";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { Turns } from "../turns.ts";
import type { Asset } from "./asset.ts";
import type { Register } from "./register.ts";

export interface InventoryDocument {
  /** JSON text in UTF-8, in pieces: joined, that of 2,000 machines would take several turns of the event loop. */
  readonly pieces: readonly Uint8Array[];
  /** The same for the same text. */
  readonly digest: string;
}

/** Characters: so much is encoded and digested in a fraction of a millisecond. */
const PIECE_LENGTH = 32_768;

/**
 * The assets that a zone reads, in the order of their ids. Addresses in the plant's network stay in the plant. The points' text comes
 * from state.db as it goes on the wire. In as many turns as it takes; rejects when the signal aborts.
 */
export async function writeInventory(gateway: string, register: Pick<Register, "all" | "pointsOf">, turns: Pick<Turns, "each">, signal?: AbortSignal): Promise<InventoryDocument> {
  const found = [...register.all()].filter((asset) => asset.zone !== null).sort((a, b) => (a.id < b.id ? -1 : 1));
  const pieces: Buffer[] = [];
  const hash = createHash("sha256");
  let text = `{"gateway":${JSON.stringify(gateway)},"assets":[`;
  const cut = (): void => {
    const piece = Buffer.from(text);
    pieces.push(piece);
    hash.update(piece);
    text = "";
  };
  await turns.each(writeAssets(found, register), (part) => {
    if (signal?.aborted === true) throw new Fault("CANCELLED", "the cloud zone waits no longer", { cause: signal.reason });
    text += part;
    if (text.length >= PIECE_LENGTH) cut();
  });
  text += "]}";
  cut();
  return { pieces, digest: hash.digest("base64") };
}

function* writeAssets(assets: readonly Asset[], register: Pick<Register, "pointsOf">): Iterable<string> {
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
