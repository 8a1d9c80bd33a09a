// Core's side of what people do with the register: list, accept, refuse, import, enrol.

import { describeSubject, findSubject, historyOwner, listSubjects } from "../acceptance/describe.ts";
import { acceptByPerson, demandSubject, forgetByPerson, refuseByPerson } from "../acceptance/people.ts";
import { importLines } from "../acceptance/import-list.ts";
import { ImportParts } from "../acceptance/import-parts.ts";
import type { AssetLine } from "../../conduit/assets.ts";
import { WrittenReply } from "../../runtime/conduit-server.ts";
import { demandAdministrator } from "../accounts/may.ts";
import { hasRights, LEAST_FOR_LOGS } from "../accounts/permissions.ts";
import type { CoreParts } from "../parts.ts";
import { makeEnrolHandlers } from "./enrol-handlers.ts";
import type { PeopleHandlers } from "./people-operations.ts";
import { writeItems } from "./written.ts";

type AssetRoutes = "assets" | "asset" | "acceptAsset" | "refuseAsset" | "forgetAsset" | "importAssets" | "enrolAsset" | "disenrolAsset" | "machineCa" | "renewMachineCa";

export function makeAssetHandlers(core: CoreParts): Pick<PeopleHandlers, AssetRoutes> {
  const parts = new ImportParts();
  return {
    assets: async ({ after = "", limit }, { signal }) => {
      const subjects = await listSubjects(core, after, limit + 1);
      const texts = await writeItems(subjects.slice(0, limit), ([key, subject]) => JSON.stringify(describeSubject(core, key, subject)), core.turns, signal);
      return new WrittenReply(`{"hasMore":${subjects.length > limit},"assets":[`, ...texts, "]}");
    },
    asset: ({ key, limit }, { person }) => {
      const subject = demandSubject(core, key);
      // Who did what is log data [U4.1.3f].
      const shown = hasRights(person.role, LEAST_FOR_LOGS) ? limit : 0;
      return { asset: describeSubject(core, key, subject), history: core.acceptance.entries.history(historyOwner(subject), shown).map((event) => ({ ...event })) };
    },
    acceptAsset: async (order, { actor, person }) => {
      await core.writeTurn();
      if (keepsCredentials(core, order.key)) demandAdministrator(person, "acceptAsset", `${order.key} gets the credentials that are kept for it`);
      return { asset: await acceptByPerson(core, order, actor) };
    },
    refuseAsset: async ({ key, reason }, { actor }) => {
      await core.writeTurn();
      return { asset: await refuseByPerson(core, key, reason, actor) };
    },
    forgetAsset: async ({ key }, { actor }) => {
      await core.writeTurn();
      forgetByPerson(core, key, actor);
      return {};
    },
    importAssets: async ({ lines, dryRun, part }, { actor, person }) => {
      // Nobody adds to the list of somebody else.
      const whole = part === undefined ? lines : parts.add({ ...part, list: `${actor.zone} ${actor.name} ${part.list}` }, lines);
      if (whole === undefined) return { added: 0, changed: 0, same: 0, problems: [] };
      const moved = whole.find((line) => movesCredentials(core, line));
      if (moved !== undefined) demandAdministrator(person, "importAssets", `${moved.name} has credentials, which would go to another address`);
      return importLines(core, { lines: whole, dryRun }, actor);
    },
    ...makeEnrolHandlers(core),
  };
}

/** What is accepted now takes over the credentials of the machine that it is, or claims to be. */
function keepsCredentials(core: CoreParts, key: string): boolean {
  const subject = findSubject(core, key);
  if (subject?.kind !== "entry") return false;
  const { claims, credentials } = subject.entry;
  return credentials !== null || (claims !== null && (core.acceptance.entries.get(claims)?.credentials ?? null) !== null);
}

function movesCredentials({ acceptance }: CoreParts, { name, url }: AssetLine): boolean {
  const entry = acceptance.entries.named(name);
  return entry !== undefined && entry.credentials !== null && url !== undefined && url !== (entry.judged?.url ?? "");
}
