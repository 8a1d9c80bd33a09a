// The snapshot of the machines behind one assignment, as one JSON text in pieces that never hold the zone's event loop.

import type { PointSpec, Session } from "../../../drivers/contract/driver.ts";
import { assetIdOf, type AssetId, type Nameplate } from "../../../drivers/contract/identity.ts";
import type { Snapshot, SnapshotPart } from "../../../drivers/contract/snapshot.ts";

const FORMAT = "weir-asset-snapshot/1";
/** Items of a long list that are written in one turn. */
const PORTION = 200;
const NO_RESOURCE: SnapshotPart = { missing: "The driver of this machine knows no such part." };

export interface SnapshotPlace {
  readonly assignment: string;
  /** ISO 8601 UTC. */
  readonly taken: string;
  /** A turn of the event loop of its own. */
  turn(): Promise<void>;
}

/** Asks all machines of the session, then writes. Throws a Fault where one is lost. */
export async function readSnapshots(session: Session, progress: (fraction: number) => void, signal: AbortSignal): Promise<ReadonlyMap<Nameplate, Snapshot>> {
  const found = new Map<Nameplate, Snapshot>();
  const share = 1 / Math.max(1, session.assets.length);
  for (const [index, nameplate] of session.assets.entries()) {
    const asset = assetIdOf(nameplate);
    const tell = (fraction: number): void => progress((index + fraction) * share);
    found.set(nameplate, (await session.snapshot?.(asset, tell, signal)) ?? (await readPlain(session, asset, nameplate, signal)));
  }
  return found;
}

/** Of a driver that has no more to say: who the machine is, and its points. */
async function readPlain(session: Session, asset: AssetId, nameplate: Nameplate, signal: AbortSignal): Promise<Snapshot> {
  const specs = await session.browse(asset, signal);
  const readings = await session.read(asset, specs.map(({ id }) => id), signal);
  const names = new Map(specs.map(({ id, name }: PointSpec) => [id, name]));
  const points = readings.map((reading) => ("point" in reading ? { name: names.get(reading.point) ?? reading.point, ...reading } : reading));
  return { identification: { document: nameplate }, status: NO_RESOURCE, points: { document: points }, events: NO_RESOURCE, maintenanceStatus: NO_RESOURCE, maintenanceReport: NO_RESOURCE, usbLog: NO_RESOURCE, faxReport: NO_RESOURCE, applicationStatus: NO_RESOURCE };
}

/** `{format, assignment, taken, assets: [{asset, nameplate, parts}]}` */
export async function* writeSnapshots(snapshots: ReadonlyMap<Nameplate, Snapshot>, { assignment, taken, turn }: SnapshotPlace): AsyncIterable<string> {
  yield `${JSON.stringify({ format: FORMAT, assignment, taken }).slice(0, -1)},"assets":[`;
  let separator = "";
  for (const [nameplate, parts] of snapshots) {
    yield `${separator}${JSON.stringify({ asset: assetIdOf(nameplate), nameplate }).slice(0, -1)},"parts":{`;
    separator = ",";
    let between = "";
    for (const [name, part] of Object.entries(parts)) {
      yield `${between}${JSON.stringify(name)}:`;
      between = ",";
      yield* writePart(part, turn);
    }
    yield "}}";
  }
  yield "]}\n";
}

async function* writePart(part: SnapshotPart, turn: () => Promise<void>): AsyncIterable<string> {
  if (!("document" in part) || !Array.isArray(part.document)) {
    yield JSON.stringify(part);
    return;
  }
  const items: readonly unknown[] = part.document;
  yield '{"document":[';
  for (let from = 0; from < items.length; from += PORTION) {
    await turn();
    yield `${from === 0 ? "" : ","}${items.slice(from, from + PORTION).map((item) => JSON.stringify(item)).join(",")}`;
  }
  yield "]}";
}
