// Core's side of a source conduit: what a zone shall read, what it found, and how its links stand.

import { Fault } from "../../../drivers/contract/fault.ts";
import { assetIdOf } from "../../../drivers/contract/identity.ts";
import type { AssetId } from "../../../drivers/contract/identity.ts";
import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import type { Assignment, sourceConduit } from "../../conduit/source.ts";
import { WrittenReply, type Handlers } from "../../runtime/conduit-server.ts";
import type { LogLevel } from "../../runtime/journal.ts";
import { machinesOf } from "../configuration/machines.ts";
import { dutiesOf, segmentOf } from "../configuration/placements.ts";
import { ASSET_ADVISORY_CODES, assetAdvisory } from "../health/fault-conditions.ts";
import type { Link } from "../inventory/links.ts";
import type { IdentityChange } from "../inventory/register.ts";
import type { CoreParts } from "../parts.ts";
import { storageFault } from "../storage/open-database.ts";
import { makeIngestHandlers } from "./ingest-handlers.ts";
import { reviewLink } from "./review-link.ts";
import { noteQuarantine, takeReadings } from "./take-readings.ts";

type Assignments = ReplyOf<typeof sourceConduit.assignments>;

/** `zone` is the conduit's name; it is served once per process. */
export function makeSourceHandlers(core: CoreParts, zone: string): Handlers<typeof sourceConduit> {
  const { configuration, revisions } = core;
  const logLevel = (): LogLevel => configuration.current.log.level;
  let mustReopen = core.isStateNew;
  return {
    assignments: async ({ after, waitMs }, { signal }) => {
      // A zone that outlived the former state.db believes its assets known: an empty list makes it identify them again.
      if (mustReopen && after !== 0) {
        mustReopen = false;
        return { revision: revisions.assignments.value - 1, logLevel: logLevel(), assignments: [], segments: [] };
      }
      mustReopen = false;
      await revisions.assignments.wait(after, waitMs, signal);
      return writeAssignments(core, zone, signal);
    },
    identify: async (input) => {
      await core.writeTurn();
      const reply = takeIdentity(core, zone, input);
      await core.acceptance.announce();
      const lists = new Map(input.assets.map(({ nameplate, points }) => [assetIdOf(nameplate), points]));
      for (const asset of reply.accepted) await prunePoints(core, asset, lists.get(asset) ?? "");
      return reply;
    },
    points: async ({ assignment, ...page }) => {
      await core.writeTurn();
      const isInForce = core.register.isPlaced(assignment, zone) && orStorageFault(() => core.register.takePoints(assignment, page));
      if (isInForce) await prunePoints(core, page.asset, page.list);
      return { isInForce };
    },
    readings: (input, { identity }) => takeReadings(core, zone, input, identity),
    quarantine: async ({ asset, reason, payload }, { identity }) => {
      await core.outbox.quarantine({ zone, identity, asset, reason, payload });
      noteQuarantine(core, asset, `${asset}: ${reason}`);
      return {};
    },
    found: async ({ segment, reports }) => {
      await core.acceptance.take(segment, reports);
      return {};
    },
    ...makeIngestHandlers(core, zone),
    alive: (alive) => {
      core.zones.alive(zone.replace(/^source-/, ""), alive);
      return {};
    },
    link: async (report) => {
      // Answered when its points are bad: the zone reads the machine again after that, and no bad value comes after a good one.
      if (core.register.isPlaced(report.assignment, zone)) await takeLink(core, zone, report);
      return {};
    },
  };
}

/** All of one configuration, written machine by machine in as many turns as it takes: 2,000 machines have 2,000 secrets to open. */
async function writeAssignments(core: CoreParts, zone: string, signal: AbortSignal): Promise<WrittenReply<Assignments>> {
  const { configuration: { current }, pki, register, outbox, revisions, secrets, turns } = core;
  // The revision from before: what changes while it is written makes the next poll answer at once.
  const revision = revisions.assignments.value;
  const texts: string[] = [];
  await turns.each(machinesOf(core).filter(({ name }) => register.isPlaced(name, zone)), ({ name, driver, config, segment }) => {
    if (signal.aborted) throw new Fault("CANCELLED", "the zone waits no longer", { cause: signal.reason });
    const ingest = pki.accessOf(name);
    const assignment: Assignment = { name, driver, config, segment: segmentOf(current, segment), secrets: secrets.textsFor(config), cursors: outbox.cursors(register.behind(name)), ...(ingest === undefined ? {} : { ingest }) };
    texts.push(JSON.stringify(assignment));
  });
  return new WrittenReply(`{"revision":${revision},"logLevel":${JSON.stringify(current.log.level)},"segments":${JSON.stringify(dutiesOf(current))},${pki.ingestTls === undefined ? "" : `"ingestTls":${JSON.stringify(pki.ingestTls)},`}"assignments":[${texts.join(",")}]}`);
}

function takeIdentity(core: CoreParts, zone: string, { assignment, address, assets }: InputOf<typeof sourceConduit.identify>): ReplyOf<typeof sourceConduit.identify> {
  const { acceptance, conditions, links, outbox, register } = core;
  if (!register.isPlaced(assignment, zone)) return { accepted: [], wanted: [], cursors: {} };
  if (!acceptance.identified(assignment, assets.map(({ nameplate }) => assetIdOf(nameplate)))) return { accepted: [], wanted: [], cursors: {} };
  const { accepted, wanted, changes } = orStorageFault(() => register.identify(assignment, address, assets, (name) => links.isConnected(name)));
  for (const change of changes) noteChange(core, change);
  if (!changes.some((change) => change.kind === "twice")) conditions.clear("ASSET_TWICE", assignment);
  return { accepted: [...accepted], wanted: [...wanted], cursors: outbox.cursors(accepted) };
}

/** What is left of former lists goes a few pages at a time. */
async function prunePoints({ register, writeTurn }: CoreParts, asset: AssetId, coming: string): Promise<void> {
  while (orStorageFault(() => register.prunePoints(asset, coming))) await writeTurn();
}

function orStorageFault<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storageFault(error, "state.db");
  }
}

async function takeLink(core: CoreParts, zone: string, { assignment, state, fault: told, via, advisory = false }: InputOf<typeof sourceConduit.link>): Promise<void> {
  const { acceptance, conditions, links, losses, trail } = core;
  const fault = advisory ? undefined : told;
  if (advisory && told !== undefined) {
    const { code, detail } = assetAdvisory(told);
    const isNew = conditions.raise(code, assignment, detail);
    if (isNew && told.kind === "denied") trail.recordDenied(zone, assignment, told);
  } else if (state === "connecting") conditions.become(ASSET_ADVISORY_CODES, assignment);
  const arrival = via ?? links.get(assignment)?.via;
  const link: Link = { state, ...(fault === undefined ? {} : { fault }), ...(arrival === undefined ? {} : { via: arrival }) };
  links.set(assignment, link);
  const isSuspended = acceptance.linkTold(assignment, link);
  await acceptance.announce();
  if (isSuspended) {
    if (fault !== undefined) trail.recordDenied(zone, assignment, fault);
    return;
  }
  reviewLink(core, zone, assignment);
  await losses.review(assignment);
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
