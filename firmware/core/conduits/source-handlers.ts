// Core's side of a source conduit: what a zone shall read, what it found, and the readings it brings.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { AssetId } from "../../../drivers/contract/identity.ts";
import type { Reading } from "../../../drivers/contract/reading.ts";
import type { Handlers } from "../../runtime/conduit-server.ts";
import type { Assignment, sourceConduit } from "../../conduit/source.ts";
import { segmentOf } from "../configuration/placements.ts";
import { assetAdvisory } from "../health/fault-conditions.ts";
import { ASSET_ADVISORY_CODES } from "../health/fault-conditions.ts";
import type { IdentityChange } from "../inventory/register.ts";
import type { SetApart } from "../outbox/outbox.ts";
import type { CoreParts } from "../parts.ts";
import { storageFault } from "../storage/open-database.ts";
import { reviewLink } from "./review-link.ts";

/** How long quarantined payloads stay a condition. */
const QUARANTINE_SHOWN_MS = 15 * 60_000;
/** How long after a start with a new state.db unknown assets are asked to come again instead of being set apart. */
const RELEARN_MS = 60_000;

/** `zone` is the conduit's name; it is served once per process. */
export function makeSourceHandlers(core: CoreParts, zone: string): Handlers<typeof sourceConduit> {
  const { clock, register, links, values, outbox, conditions, trail, revisions } = core;
  const startedMs = clock.uptimeMs();
  let mustReopen = core.isStateNew;
  return {
    assignments: async ({ after, waitMs }, { signal }) => {
      // A zone that outlived the former state.db believes its assets known: an empty list makes it identify them again.
      if (mustReopen && after !== 0) {
        mustReopen = false;
        return { revision: revisions.assignments.value - 1, assignments: [] };
      }
      mustReopen = false;
      await revisions.assignments.wait(after, waitMs, signal);
      return { revision: revisions.assignments.value, assignments: listAssignments(core, zone) };
    },
    identify: ({ assignment, address, assets }) => {
      if (!register.isPlaced(assignment, zone)) return { accepted: [], cursors: {} };
      try {
        const { accepted, changes } = register.identify(assignment, address, assets, (name) => links.isConnected(name));
        for (const change of changes) noteChange(core, change);
        if (!changes.some((change) => change.kind === "twice")) conditions.clear("ASSET_TWICE", assignment);
        return { accepted: [...accepted], cursors: outbox.cursors(accepted) };
      } catch (error) {
        throw storageFault(error, "state.db");
      }
    },
    readings: async ({ readings, cursors = [] }, { identity }) => {
      const sorted = sort(core, zone, readings);
      if (sorted.isUnknown && core.isStateNew && clock.uptimeMs() - startedMs < RELEARN_MS) {
        throw new Fault("STORAGE_BUSY", "the state database was begun anew: identify the assets again", { where: zone });
      }
      const moved = cursors.filter(({ asset }) => register.refusal(asset, zone) === undefined);
      const answer = await outbox.append({ zone, identity, readings: sorted.taken, apart: sorted.apart, cursors: moved });
      if (answer.accepted > 0) values.update(sorted.taken);
      const [first] = sorted.apart;
      if (first !== undefined) noteQuarantine(core, first.asset, `${first.asset}: ${first.reason}`);
      return answer;
    },
    quarantine: async ({ asset, reason, payload }, { identity }) => {
      await outbox.quarantine({ zone, identity, asset, reason, payload });
      noteQuarantine(core, asset, `${asset}: ${reason}`);
      return {};
    },
    link: ({ assignment, state, fault, advisory = false }) => {
      if (!register.isPlaced(assignment, zone)) return {};
      if (advisory && fault !== undefined) {
        const { code, detail } = assetAdvisory(fault);
        const isNew = conditions.raise(code, assignment, detail);
        if (isNew && fault.kind === "denied") trail.recordDenied(zone, assignment, fault);
        return {};
      }
      if (state === "connecting") conditions.become(ASSET_ADVISORY_CODES, assignment);
      links.set(assignment, fault === undefined ? { state } : { state, fault });
      reviewLink(core, zone, assignment);
      return {};
    },
  };
}

function listAssignments(core: CoreParts, zone: string): Assignment[] {
  const { configuration, register, outbox, secrets } = core;
  return configuration.current.assets
    .filter(({ name }) => register.isPlaced(name, zone))
    .map(({ name, driver, config, segment }) => ({
      name,
      driver,
      config,
      segment: segmentOf(configuration.current, segment),
      secrets: secrets.textsFor(config),
      cursors: outbox.cursors(register.behind(name)),
    }));
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

function noteQuarantine(core: CoreParts, asset: AssetId, detail: string): void {
  // By name, so that a zone gone wrong cannot raise a condition per invented asset.
  const subject = core.register.get(asset)?.name ?? "unknown assets";
  core.fading.note("PAYLOADS_QUARANTINED", subject, detail, QUARANTINE_SHOWN_MS);
}

function noteChange(core: CoreParts, change: IdentityChange): void {
  const { conditions, trail } = core;
  const record = (target: string, detail: Readonly<Record<string, unknown>>): void => trail.record({ actor: "core", action: "asset.changed", target, result: "done", detail });
  switch (change.kind) {
    case "changed":
      conditions.raise("ASSET_CHANGED", change.assignment, `Before: ${change.before.join(", ")}. Now: ${change.now.join(", ")}.`);
      return record(change.assignment, { before: change.before, now: change.now });
    case "moved":
      return record(change.asset, { before: change.before, now: change.assignment });
    case "twice":
      conditions.raise("ASSET_TWICE", change.assignment, `${change.asset} is already read as ${change.holder}.`);
      return undefined;
  }
}
