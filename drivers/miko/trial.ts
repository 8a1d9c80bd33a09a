// Tries a profile on a machine, step by step, and says what fits and what does not, with the pointer and the payload.

import { compileProfile, fillPath, isMismatch, type Mismatch } from "../../firmware/protocol/miko-mapping.ts";
import type { MikoProfile } from "../../firmware/protocol/miko-profile.ts";
import type { DriverContext } from "../contract/driver.ts";
import { asFault, isFault, reportFault, type Fault, type FaultReport } from "../contract/fault.ts";
import { makeDecoder } from "./codec.ts";
import { startCursor } from "./cursor.ts";
import type { MikoConfig } from "./config.ts";
import { writeRootUrl } from "./driver.ts";
import { arrivalOf, type Machine } from "./machine.ts";
import type { Trust } from "./peer-socket.ts";
import { findPublishing, type Broker } from "./publish-address.ts";
import { followBroker } from "./transport-mqtt.ts";
import { openRequests, type Requests } from "./transport-request.ts";

export interface TrialStep {
  readonly step: "identification" | "points" | "point" | "events" | "publish" | "messages";
  readonly isFit: boolean;
  /** What was found, as data. */
  readonly found?: unknown;
  /** Why it does not fit: pointer and reason, with the beginning of the payload. */
  readonly misfits?: readonly { readonly pointer?: string; readonly reason: string; readonly payload?: string }[];
  /** Why the machine could not be asked. */
  readonly fault?: FaultReport;
}

export interface Trial {
  readonly config: MikoConfig;
  readonly profile: MikoProfile;
  readonly trust: Trust | undefined;
  /** How long messages are waited for. */
  readonly waitMs: number;
}

const SHOWN = 200;

/** Yields each step when it is done. Ends early when the machine cannot be reached at all. Leaves nothing behind at the machine. */
export async function* tryProfile(trial: Trial, context: DriverContext, signal: AbortSignal): AsyncGenerator<TrialStep> {
  const { config, profile, trust } = trial;
  const url = writeRootUrl(config.url);
  const requests = openRequests({ url, trust, credentials: undefined, connectTimeoutMs: config.connectTimeout, answerTimeoutMs: config.answerTimeout }, context.clock);
  const mapping = compileProfile(profile);
  const machine: Machine = { url, profile, mapping, requests, asset: "urn:weir:trial", nameplate: { manufacturer: "", model: "", serialNumber: "" }, points: new Map(), status: {} };
  try {
    const identification = await ask("identification", requests, profile.request.identification.path, signal, (document) => mapping.nameplate(document));
    yield identification;
    if (identification.fault?.code === "PEER_UNREACHABLE" || identification.fault?.kind === "denied") return;
    yield await tryPoints(machine, context, signal);
    const [first] = machine.points.keys();
    const arrival = arrivalOf(machine.asset, context);
    if (first !== undefined) {
      yield await ask("point", requests, fillPath(profile.request.point.path, "{id}", first), signal, (document, text) => mapping.answered(document, machine.points.get(first) ?? { id: first }, arrival, text));
    }
    if (profile.request.events !== undefined) yield await tryEvents(machine, profile.request.events.firstPath, context, signal);
    if (profile.request.publish !== undefined && profile.publish !== undefined) yield* tryPublish(machine, trial, context, signal);
  } finally {
    await requests.close();
  }
}

async function ask(step: TrialStep["step"], requests: Requests, path: string, signal: AbortSignal, map: (document: unknown, text: string) => object): Promise<TrialStep> {
  try {
    const { document, text } = await requests.get(path, [], signal);
    const found = map(document, text);
    return isMismatch(found) ? { step, isFit: false, misfits: [misfitOf(found, text)] } : { step, isFit: true, found };
  } catch (error) {
    return { step, isFit: false, fault: reportFault(asFault(error)) };
  }
}

async function tryPoints(machine: Machine, context: DriverContext, signal: AbortSignal): Promise<TrialStep> {
  const { mapping, profile } = machine;
  const misfits: NonNullable<TrialStep["misfits"]>[number][] = [];
  const found: unknown[] = [];
  const arrival = arrivalOf(machine.asset, context);
  const step = await ask("points", machine.requests, profile.request.points.path, signal, (document, text) => {
    const listed = mapping.points(document, text);
    if (isMismatch(listed)) return listed;
    for (const point of listed) {
      if (isMismatch(point)) {
        misfits.push(misfitOf(point, text));
        continue;
      }
      machine.points.set(point.id, point);
      const sample = point.item === undefined ? undefined : mapping.listed?.(point.item, point, arrival);
      if (sample !== undefined && isMismatch(sample)) misfits.push(misfitOf(sample, JSON.stringify(point.item)));
      const { item: _item, ...spec } = point;
      found.push(sample === undefined || isMismatch(sample) ? spec : { ...spec, value: sample.value, quality: sample.quality, ...(sample.reason === undefined ? {} : { reason: sample.reason }), time: sample.sourceTime });
    }
    return {};
  });
  return step.isFit ? { step: "points", isFit: misfits.length === 0, found, ...(misfits.length === 0 ? {} : { misfits }) } : step;
}

async function tryEvents(machine: Machine, path: string, context: DriverContext, signal: AbortSignal): Promise<TrialStep> {
  const arrival = arrivalOf(machine.asset, context);
  const misfits: NonNullable<TrialStep["misfits"]>[number][] = [];
  const found: unknown[] = [];
  const step = await ask("events", machine.requests, path, signal, (document) => {
    const items = machine.mapping.events(document);
    if (isMismatch(items)) return items;
    for (const item of items) {
      const event = machine.mapping.listedEvent?.(item, arrival);
      if (event === undefined) continue;
      if (isMismatch(event)) misfits.push(misfitOf(event, JSON.stringify(item)));
      else found.push(event.event);
    }
    return {};
  });
  return step.isFit ? { step: "events", isFit: misfits.length === 0, found, ...(misfits.length === 0 ? {} : { misfits }) } : step;
}

async function* tryPublish(machine: Machine, trial: Trial, context: DriverContext, signal: AbortSignal): AsyncGenerator<TrialStep> {
  const faults: Fault[] = [];
  try {
    const place = await findPublishing(machine, trial.trust, undefined, { ...context, report: (fault) => void faults.push(fault) }, signal);
    const [refused] = faults;
    if (refused !== undefined) yield { step: "publish", isFit: false, fault: reportFault(refused) };
    else if (place === undefined) yield { step: "publish", isFit: true, found: "the machine does not publish; its points would be polled" };
    else if (place.kind === "gateway") yield { step: "publish", isFit: true, found: { gateway: true, root: place.root } };
    else {
      yield { step: "publish", isFit: true, found: { host: place.peer.host, port: place.peer.port, root: place.root } };
      yield await listen(machine, place, trial, context, signal);
    }
  } catch (error) {
    yield { step: "publish", isFit: false, fault: reportFault(asFault(error)) };
  }
}

async function listen(machine: Machine, broker: Broker, { config, waitMs }: Trial, context: DriverContext, signal: AbortSignal): Promise<TrialStep> {
  const decoder = makeDecoder(machine.profile, machine.mapping, broker.root, machine.points);
  const found: unknown[] = [];
  const misfits: { reason: string; payload: string }[] = [];
  const enough = new AbortController();
  const stop = context.clock.after(waitMs, () => enough.abort());
  const options = { peer: broker.peer, clientId: startCursor().clientId, isPassing: true, filters: decoder.filters, connectTimeoutMs: config.connectTimeout, keepAliveMs: config.keepAlive };
  const take = (messages: Parameters<typeof decoder.decode>[0]): Promise<unknown> => {
    const decoded = decoder.decode(messages, arrivalOf(machine.asset, context));
    found.push(...decoded.readings.slice(0, 20 - found.length), ...(decoded.status === undefined ? [] : [decoded.status]));
    for (const { reason, payload } of decoded.unmappable.slice(0, 20 - misfits.length)) misfits.push({ reason, payload: Buffer.from(payload).toString("utf8").slice(0, SHOWN) });
    if (found.length >= 20 || misfits.length >= 20) enough.abort();
    // Never durable, so never acknowledged: a machine that keeps one queue for all keeps it for the gateway.
    return new Promise<never>(() => undefined);
  };
  try {
    await followBroker(options, { ready: () => undefined, take }, context.clock, AbortSignal.any([signal, enough.signal]));
  } catch (error) {
    if (!isFault(error)) throw error;
    return { step: "messages", isFit: false, found, fault: reportFault(error) };
  } finally {
    stop();
  }
  return { step: "messages", isFit: misfits.length === 0, found, ...(misfits.length === 0 ? {} : { misfits }) };
}

function misfitOf({ pointer, mismatch }: Mismatch, text: string): NonNullable<TrialStep["misfits"]>[number] {
  return { pointer, reason: mismatch, payload: text.slice(0, SHOWN) };
}
