// Core's side of a source conduit: what a zone shall read, what it found, and how its links stand.

import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import type { Assignment, sourceConduit } from "../../conduit/source.ts";
import { WrittenReply, type Handlers } from "../../runtime/conduit-server.ts";
import type { LogLevel } from "../../runtime/journal.ts";
import { machinesOf } from "../configuration/machines.ts";
import { dutiesOf, segmentOf, zoneOf } from "../configuration/placements.ts";
import { ASSET_ADVISORY_CODES, assetAdvisory } from "../health/fault-conditions.ts";
import type { Link } from "../inventory/links.ts";
import type { CoreParts } from "../parts.ts";
import { makeIdentityHandlers } from "./identity-handlers.ts";
import { makeOrderHandlers } from "./order-handlers.ts";
import { makeIngestHandlers, type Listening } from "./ingest-handlers.ts";
import { reviewLink } from "./review-link.ts";
import { noteQuarantine, takeReadings } from "./take-readings.ts";
import { writeItems } from "./written.ts";

type Assignments = ReplyOf<typeof sourceConduit.assignments>;

/** `zone` is the conduit's name; it is served once per process. `listening` is one for all zones. */
export function makeSourceHandlers(core: CoreParts, zone: string, listening: Listening = new Map()): Handlers<typeof sourceConduit> {
  const { configuration, revisions } = core;
  const logLevel = (): LogLevel => configuration.current.log.level;
  let mustReopen = core.isStateNew;
  return {
    assignments: async ({ after, waitMs }, { signal }) => {
      // A zone that outlived the former state.db believes its assets known: an empty list makes it identify them again.
      if (mustReopen && after !== 0) {
        mustReopen = false;
        return { revision: revisions.assignments.value - 1, logLevel: logLevel(), assignments: [], segments: [...dutiesOf(configuration.current, zone)] };
      }
      mustReopen = false;
      await revisions.assignments.wait(after, waitMs, signal);
      return writeAssignments(core, zone, signal);
    },
    ...makeIdentityHandlers(core, zone),
    readings: (input, { identity }) => takeReadings(core, zone, input, identity),
    quarantine: async ({ asset, reason, payload }, { identity }) => {
      await core.outbox.quarantine({ zone, identity, asset, reason, payload });
      noteQuarantine(core, asset, `${asset}: ${reason}`);
      return {};
    },
    found: async ({ segment, reports }) => {
      // A zone knows nothing of the segments of another one.
      if (zoneOf(configuration.current, segment) === zone) await core.acceptance.take(segment, reports);
      return {};
    },
    ...makeIngestHandlers(core, zone, listening),
    ...makeOrderHandlers(core, zone),
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
  const write = ({ name, driver, config, segment }: ReturnType<typeof machinesOf>[number]): string => {
    const ingest = pki.accessOf(name);
    const assignment: Assignment = { name, driver, config, segment: segmentOf(current, segment), secrets: secrets.textsFor(config), cursors: outbox.cursors(register.behind(name)), ...(ingest === undefined ? {} : { ingest }) };
    return JSON.stringify(assignment);
  };
  const assignments = await writeItems(machinesOf(core).filter(({ name }) => register.isPlaced(name, zone)), write, turns, signal);
  return new WrittenReply(`{"revision":${revision},"logLevel":${JSON.stringify(current.log.level)},"segments":${JSON.stringify(dutiesOf(current, zone))},${pki.ingestTls === undefined ? "" : `"ingestTls":${JSON.stringify(pki.ingestTls)},`}"assignments":[`, ...assignments, "]}");
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
