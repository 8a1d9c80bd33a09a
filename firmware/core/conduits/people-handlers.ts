// Core's side of what people do, whichever way they come: the same functions for the command line and for the page.

import type { AssetId } from "../../../drivers/contract/identity.ts";
import type { PeopleRoutes } from "../../conduit/people.ts";
import type { Condition, Status } from "../../conduit/status.ts";
import { WrittenReply, type Call, type Handlers } from "../../runtime/conduit-server.ts";
import type { Actor, PersonCall } from "../accounts/actor.ts";
import type { Identity } from "../accounts/identity.ts";
import { hasRights, LEAST_FOR_LOGS } from "../accounts/permissions.ts";
import { CLOUD } from "../cloud-state.ts";
import type { Asset } from "../inventory/asset.ts";
import type { CoreParts } from "../parts.ts";
import { makeAccountHandlers } from "./account-handlers.ts";
import { answerOnce } from "./answered-once.ts";
import { makeAssetHandlers } from "./asset-handlers.ts";
import { makeAuditHandlers } from "./audit-handlers.ts";
import { makeCertificateHandlers } from "./certificate-handlers.ts";
import { makeConfigurationHandlers } from "./configuration-handlers.ts";
import { makeSecretHandlers } from "./secret-handlers.ts";
import type { PeopleHandlers } from "./people-operations.ts";
import { makeTaskHandlers } from "./task-handlers.ts";
import { writeItems } from "./written.ts";

export function makePeopleHandlers(core: CoreParts): PeopleHandlers {
  return answerOnce({
    ...makeStatusHandlers(core),
    ...makeAssetHandlers(core),
    ...makeSecretHandlers(core),
    network: (_, { signal }) => core.system.report(signal),
    confirmNetwork: ({ changes }, { actor, signal }) => core.system.confirm(actor, changes, signal),
    tryNetwork: (_, { signal }) => core.system.tryAgain(signal),
    ...makeConfigurationHandlers(core),
    ...makeCertificateHandlers(core),
    ...makeAccountHandlers(core),
    ...makeAuditHandlers(core),
    ...makeTaskHandlers(core),
  });
}

/** Every operation done as this actor with these rights, without asking. */
export function asPerson(handlers: PeopleHandlers, actor: Actor, person: Identity): Handlers<PeopleRoutes> {
  const entries = Object.entries(handlers).map(([name, handler]) => [name, (input: never, call: Call) => (handler as (input: never, call: PersonCall) => unknown)(input, { ...call, actor, person })]);
  // Sound: each entry keeps its name, its input and its reply.
  return Object.fromEntries(entries);
}

function makeStatusHandlers(core: CoreParts): Pick<PeopleHandlers, "status" | "standing" | "values" | "detections" | "acceptDetections"> {
  const { register, revisions, values } = core;
  return {
    status: (_, call) => writeStatus(core, call),
    standing: async ({ after, waitMs }, { person, signal }) => {
      const { revision } = core.conditions;
      await revision.wait(after, waitMs, signal);
      const head = JSON.stringify({ revision: revision.value, ...readStanding(core) });
      const standing = await writeItems(conditionsFor(core, person), (condition) => JSON.stringify(condition), core.turns, signal);
      return new WrittenReply(`${head.slice(0, -1)},"conditions":[`, ...standing, "]}");
    },
    values: async ({ after, waitMs }, { signal }) => {
      await revisions.values.wait(after, waitMs, signal);
      const { revision, samples } = values.since(after);
      const name = (asset: AssetId): string => register.get(asset)?.name ?? asset;
      const texts = await writeItems(samples, (reading) => JSON.stringify({ asset: reading.asset, name: name(reading.asset), reading }), core.turns, signal);
      return new WrittenReply(`{"revision":${revision},"values":[`, ...texts, "]}");
    },
    detections: async ({ limit }, { signal }) => new WrittenReply('{"detections":[', ...(await writeItems(core.detections.newest(limit), (one) => JSON.stringify(one), core.turns, signal)), "]}"),
    acceptDetections: (_, { actor }) => {
      core.segments.accept();
      const accepted = core.detections.accept();
      core.trail.record({ actor, action: "detections.accepted", target: "detections", result: "done", detail: { accepted } });
      return { accepted };
    },
  };
}

/** What tells of attackers and strangers is log data [U4.1.3f]. */
function conditionsFor({ conditions }: CoreParts, { role }: Identity): readonly Condition[] {
  const all = conditions.list();
  return hasRights(role, LEAST_FOR_LOGS) ? all : all.filter(({ code }) => !code.startsWith("DETECTION_"));
}

/** With 2,000 machines, and a condition of each, some MiB. */
async function writeStatus(core: CoreParts, { person, signal }: PersonCall): Promise<WrittenReply<Status>> {
  const { register, turns } = core;
  const assets = await writeItems(register.all(), (asset) => `${JSON.stringify(asset.id)}:${JSON.stringify(readAsset(core, asset))}`, turns, signal);
  const standing = await writeItems(conditionsFor(core, person), (condition) => JSON.stringify(condition), turns, signal);
  return new WrittenReply(`${JSON.stringify(readStanding(core)).slice(0, -1)},"assets":{`, ...assets, '},"conditions":[', ...standing, "]}");
}

function readStanding(core: CoreParts): Omit<Status, "assets" | "conditions"> {
  const { clock, cloud, conditions, gateway, outbox, version, zones } = core;
  const report = cloud.report;
  const isConfigured = core.configuration.current.cloud !== undefined;
  return {
    state: conditions.state(),
    gateway,
    version,
    uptimeSeconds: Math.round(clock.uptimeMs()) / 1000,
    zones: zones.standings,
    outbox: outbox.figures(CLOUD),
    cloud: { state: isConfigured ? (report?.state ?? "connecting") : "not configured", peer: report?.peer ?? null },
  };
}

function readAsset({ links }: CoreParts, { name, state, zone, nameplate, points }: Asset): Status["assets"][string] {
  return { name, state, link: zone === null ? "not assigned" : (links.get(name)?.state ?? "connecting"), nameplate, points };
}
