// The snapshot of a MIKO-style machine: what it is, what it says of its state, all points fresh, and the events that it keeps.

import { fillPath, isMismatch } from "../../firmware/protocol/miko-mapping.ts";
import type { DriverContext } from "../contract/driver.ts";
import { Fault, asFault } from "../contract/fault.ts";
import type { EventBody } from "../contract/reading.ts";
import type { Snapshot, SnapshotPart } from "../contract/snapshot.ts";
import { arrivalOf, misfit, readPresent, type Machine } from "./machine.ts";

/** The newest that are told; the machine may keep more. */
const MOST_EVENTS = 5000;
const MOST_PAGES = 1000;
const NOT_THERE: SnapshotPart = { missing: "A MIKO-style machine has no such resource." };

/** A part that the machine refuses says why. Throws a Fault where the machine is lost. */
export async function takeSnapshot(machine: Machine, context: DriverContext, progress: (fraction: number) => void, signal: AbortSignal): Promise<Snapshot> {
  // The list of points is read anew: what follows the machine meanwhile has its own.
  const own: Machine = { ...machine, points: new Map(machine.points) };
  const identification = await partOf(async () => (await own.requests.get(own.profile.request.identification.path, [], signal)).document);
  progress(0.1);
  const points = await partOf(() => readPoints(own, context, signal));
  progress(0.6);
  const events = own.profile.request.events === undefined ? { missing: "The machine's profile names no events." } : await partOf(() => readEvents(own, context, signal));
  progress(0.9);
  return { identification, status: statusOf(machine), points, events, maintenanceStatus: NOT_THERE, maintenanceReport: NOT_THERE, usbLog: NOT_THERE, faxReport: NOT_THERE, applicationStatus: NOT_THERE };
}

async function partOf(read: () => Promise<unknown>): Promise<SnapshotPart> {
  try {
    return { document: await read() };
  } catch (error) {
    const fault = asFault(error);
    if (fault.kind === "defect" || (fault.kind === "transient" && fault.code !== "PEER_PROTOCOL" && fault.code !== "PEER_LIMIT" && fault.code !== "PEER_OVERLOADED")) throw fault;
    return { missing: fault.toString() };
  }
}

function statusOf({ status, profile }: Machine): SnapshotPart {
  if (status.last !== undefined) return { document: status.last };
  return { missing: profile.publish?.status === undefined ? "The machine's profile names no status." : "The machine has published no status since it is connected." };
}

async function readPoints(machine: Machine, context: DriverContext, signal: AbortSignal): Promise<unknown> {
  const samples = await readPresent(machine, [...machine.points.keys()], context, signal);
  return samples.map(({ asset: _asset, point, ...sample }) => ({ point, name: machine.points.get(point)?.name ?? point, ...sample }));
}

async function readEvents(machine: Machine, context: DriverContext, signal: AbortSignal): Promise<readonly EventBody[]> {
  const { events: paths } = machine.profile.request;
  if (paths === undefined) throw new Fault("NOT_SUPPORTED", "the profile names no events");
  let kept: EventBody[] = [];
  let after: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { document } = await machine.requests.get(after === undefined ? paths.firstPath : fillPath(paths.path, "{after}", after), [], signal);
    const items = machine.mapping.events(document);
    if (isMismatch(items)) throw misfit(machine.url, paths.path, items.mismatch);
    const arrival = arrivalOf(machine.asset, context);
    const mapped = items.map((item) => machine.mapping.listedEvent?.(item, arrival)).flatMap((event) => (event === undefined || isMismatch(event) ? [] : [event.event]));
    const last = mapped.at(-1)?.id;
    if (last === undefined || last === after) return kept;
    kept = [...kept, ...mapped].slice(-MOST_EVENTS);
    after = last;
  }
  return kept;
}
