// The hot path: readings of a zone are checked against the register, committed, and become last values.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { AssetId } from "../../../drivers/contract/identity.ts";
import type { Reading } from "../../../drivers/contract/reading.ts";
import type { InputOf, ReplyOf, RequestIdentity } from "../../conduit/route.ts";
import type { sourceConduit } from "../../conduit/source.ts";
import type { SetApart } from "../outbox/outbox.ts";
import type { CoreParts } from "../parts.ts";

/** How long quarantined payloads stay a condition. */
const QUARANTINE_SHOWN_MS = 15 * 60_000;
/** How long after a start with a new state.db unknown assets are asked to come again instead of being set apart. */
const RELEARN_MS = 60_000;

type Input = InputOf<typeof sourceConduit.readings>;
type Reply = ReplyOf<typeof sourceConduit.readings>;

/** Durable when it resolves. Rejects as the outbox's `append` does, and with STORAGE_BUSY while a zone does not know that it must identify anew. */
export async function takeReadings(core: CoreParts, zone: string, { readings, cursors = [] }: Input, identity: RequestIdentity | undefined): Promise<Reply> {
  const { clock, outbox, register, values } = core;
  const { taken, apart, isUnknown } = sort(core, zone, readings);
  if (isUnknown && core.isStateNew && clock.uptimeMs() - core.startedMs < RELEARN_MS) {
    throw new Fault("STORAGE_BUSY", "the state database was begun anew: identify the assets again", { where: zone });
  }
  const moved = cursors.filter(({ asset }) => register.refusal(asset, zone) === undefined);
  const answer = await outbox.append({ zone, identity, readings: taken, apart, cursors: moved });
  if (answer.accepted > 0) values.update(taken);
  const [first] = apart;
  if (first !== undefined) noteQuarantine(core, first.asset, `${first.asset}: ${first.reason}`);
  return answer;
}

interface Sorted {
  readonly taken: readonly Reading[];
  readonly apart: readonly SetApart[];
  readonly isUnknown: boolean;
}

const NONE_APART: readonly SetApart[] = [];

/** The common case, everything taken, copies nothing. Readings of one asset come in runs: each run is looked up once. */
function sort(core: CoreParts, zone: string, readings: readonly Reading[]): Sorted {
  const { register } = core;
  let asset: AssetId | undefined;
  let refusal: string | undefined;
  let apart: SetApart[] | undefined;
  let taken: Reading[] | undefined;
  let isUnknown = false;
  for (const [index, reading] of readings.entries()) {
    if (reading.asset !== asset) {
      asset = reading.asset;
      refusal = register.refusal(asset, zone);
    }
    if (refusal === undefined) {
      taken?.push(reading);
      continue;
    }
    taken ??= readings.slice(0, index);
    apart ??= [];
    apart.push({ asset: reading.asset, reason: refusal, payload: JSON.stringify(reading) });
    isUnknown ||= register.get(reading.asset) === undefined;
  }
  return { taken: taken ?? readings, apart: apart ?? NONE_APART, isUnknown };
}

/** Raises the condition that tells of data set apart. */
export function noteQuarantine(core: CoreParts, asset: AssetId, detail: string): void {
  // By name, so that a zone gone wrong cannot raise a condition per invented asset.
  const subject = core.register.get(asset)?.name ?? "unknown assets";
  core.fading.note("PAYLOADS_QUARANTINED", subject, detail, QUARANTINE_SHOWN_MS);
}
