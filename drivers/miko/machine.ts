// One machine as its Request interface shows it: who it is, its points and their present values.

import type { Arrival, MappedPoint, MikoMapping } from "../../firmware/protocol/miko-mapping.ts";
import { fillPath, isMismatch } from "../../firmware/protocol/miko-mapping.ts";
import type { MikoProfile } from "../../firmware/protocol/miko-profile.ts";
import type { DriverContext } from "../contract/driver.ts";
import { Fault, isFault } from "../contract/fault.ts";
import { assetIdOf, type AssetId, type Nameplate, type PointId } from "../contract/identity.ts";
import type { Sample } from "../contract/reading.ts";
import type { Requests } from "./transport-request.ts";

export interface MachineAccess {
  /** Base URL with a final slash. */
  readonly url: string;
  readonly profile: MikoProfile;
  readonly mapping: MikoMapping;
  readonly requests: Requests;
}

export interface Machine extends MachineAccess {
  readonly nameplate: Nameplate;
  readonly asset: AssetId;
  /** By id, as the machine listed them last. */
  readonly points: Map<PointId, MappedPoint>;
  /** What it published last of its state, and when that came. */
  readonly status: { last?: { readonly state: string; readonly received: string } };
}

const MAX_POINTS = 20_000;

/** Asks the machine who it is and what points it has. Throws a Fault that names the resource and the pointer. */
export async function meetMachine(access: MachineAccess, context: Pick<DriverContext, "report">, signal: AbortSignal): Promise<Machine> {
  const { url, profile, mapping, requests } = access;
  const { document } = await requests.get(profile.request.identification.path, [], signal);
  const nameplate = mapping.nameplate(document);
  if (isMismatch(nameplate)) throw misfit(url, profile.request.identification.path, nameplate.mismatch);
  const asset = assetIdOf(nameplate);
  if (asset.length > 512) throw misfit(url, profile.request.identification.path, "the names are too long for an asset id of 512 characters");
  const machine: Machine = { ...access, nameplate, asset, points: new Map(), status: {} };
  await listPoints(machine, context, signal);
  return machine;
}

/** Reads the list of points anew. Items that cannot be mapped are reported once and left out. */
export async function listPoints(machine: Machine, context: Pick<DriverContext, "report">, signal: AbortSignal): Promise<void> {
  const { path } = machine.profile.request.points;
  const { document, text } = await machine.requests.get(path, [], signal);
  const listed = machine.mapping.points(document, text);
  if (isMismatch(listed)) throw misfit(machine.url, path, listed.mismatch);
  if (listed.length > MAX_POINTS) throw new Fault("PEER_LIMIT", `lists ${listed.length} points; at most ${MAX_POINTS} are taken`, { where: machine.url + path });
  const bad = listed.filter(isMismatch);
  const [first] = bad;
  if (first !== undefined) context.report(misfit(machine.url, path, `${bad.length} of ${listed.length} points cannot be mapped, the first because of ${first.mismatch}`));
  machine.points.clear();
  for (const point of listed) if (!isMismatch(point)) machine.points.set(point.id, point);
}

/** The present value of each point, in order: from the list where its items carry values, else one by one. A point that fails is a bad sample. */
export async function readPresent(machine: Machine, ids: readonly PointId[], context: DriverContext, signal: AbortSignal): Promise<Sample[]> {
  // A list that was read before has the values of that moment.
  forgetItems(machine);
  if (ids.length > 1 && machine.mapping.listed !== undefined) await listPoints(machine, context, signal);
  const samples: Sample[] = [];
  for (const id of ids) samples.push(listedSample(machine, id, context) ?? (await askPoint(machine, id, context, signal)));
  forgetItems(machine);
  return samples;
}

function forgetItems({ points }: Machine): void {
  for (const [id, { item, ...point }] of points) if (item !== undefined) points.set(id, point);
}

export function arrivalOf(asset: AssetId, { clock }: Pick<DriverContext, "clock">): Arrival {
  return { asset, gatewayTime: new Date(clock.now()).toISOString(), timeQuality: clock.timeQuality() };
}

export function badSample(point: PointId, reason: string, arrival: Arrival): Sample {
  const { asset, gatewayTime, timeQuality } = arrival;
  return { asset, point, value: null, quality: "bad", reason: reason.slice(0, 256), sourceTime: null, gatewayTime, ...(timeQuality === "synchronised" ? {} : { timeQuality }) };
}

export function misfit(url: string, path: string, mismatch: string): Fault {
  return new Fault("PEER_PROTOCOL", `the profile does not fit the machine's answer: ${mismatch}`, { where: `GET ${new URL(path, url).href}`, remedy: `Try a profile with \`weir try miko --profile FILE --url ${url}\`.` });
}

function listedSample(machine: Machine, id: PointId, context: DriverContext): Sample | undefined {
  const point = machine.points.get(id);
  if (point?.item === undefined || machine.mapping.listed === undefined) return undefined;
  const arrival = arrivalOf(machine.asset, context);
  const sample = machine.mapping.listed(point.item, point, arrival);
  return isMismatch(sample) ? badSample(id, sample.mismatch, arrival) : sample;
}

async function askPoint(machine: Machine, id: PointId, context: DriverContext, signal: AbortSignal): Promise<Sample> {
  const point = machine.points.get(id) ?? { id };
  try {
    const { status, document, text } = await machine.requests.get(fillPath(machine.profile.request.point.path, "{id}", id), [404, 410], signal);
    const arrival = arrivalOf(machine.asset, context);
    if (status !== 200) return badSample(id, "the machine has no such point", arrival);
    const sample = machine.mapping.answered(document, point, arrival, text);
    return isMismatch(sample) ? badSample(id, sample.mismatch, arrival) : sample;
  } catch (error) {
    if (!isFault(error, "PEER_PROTOCOL", "PEER_LIMIT", "ACCESS_DENIED", "PEER_OVERLOADED")) throw error;
    return badSample(id, error.message, arrivalOf(machine.asset, context));
  }
}
