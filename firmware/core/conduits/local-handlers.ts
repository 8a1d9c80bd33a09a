// Core's side of the local conduit: what the `weir` command and the supervisor ask and tell.

import type { AssetId } from "../../../drivers/contract/identity.ts";
import type { localConduit, Status } from "../../conduit/local.ts";
import { WrittenReply, type Handlers } from "../../runtime/conduit-server.ts";
import { CLOUD } from "../cloud-state.ts";
import { machinesOf } from "../configuration/machines.ts";
import { ASSET_USER, secretUsers } from "../configuration/placements.ts";
import type { Asset } from "../inventory/asset.ts";
import type { CoreParts } from "../parts.ts";
import { makeAssetHandlers } from "./asset-handlers.ts";
import { findSecretNames } from "../vault/secret-names.ts";
import { writeItems } from "./written.ts";

/** Actor of the audit entries: whoever may run the command as this user. */
const LOCAL = "local";

export function makeLocalHandlers(core: CoreParts): Handlers<typeof localConduit> {
  const { configuration, register, revisions, values, zones } = core;
  return {
    status: (_, { signal }) => writeStatus(core, signal),
    values: async ({ after, waitMs }, { signal }) => {
      await revisions.values.wait(after, waitMs, signal);
      const { revision, samples } = values.since(after);
      const name = (asset: AssetId): string => register.get(asset)?.name ?? asset;
      const texts = await writeItems(samples, (reading) => JSON.stringify({ asset: reading.asset, name: name(reading.asset), reading }), core.turns, signal);
      return new WrittenReply(`{"revision":${revision},"values":[`, ...texts, "]}");
    },
    ...makeAssetHandlers(core),
    ...makeSecretHandlers(core),
    detections: async ({ limit }, { signal }) => new WrittenReply('{"detections":[', ...(await writeItems(core.detections.newest(limit), (one) => JSON.stringify(one), core.turns, signal)), "]}"),
    acceptDetections: () => {
      core.segments.accept();
      const accepted = core.detections.accept();
      core.trail.record({ actor: LOCAL, action: "detections.accepted", target: "detections", result: "done", detail: { accepted } });
      return { accepted };
    },
    zones: ({ zones: standings }) => {
      zones.tell(standings);
      return {};
    },
    namespaces: () => ({ namespaces: [...core.namespaces] }),
    network: (_, { signal }) => core.system.report(signal),
    confirmNetwork: ({ changes }, { signal }) => core.system.confirm(LOCAL, changes, signal),
    tryNetwork: (_, { signal }) => core.system.tryAgain(signal),
    reload: async (_, { signal }) => {
      const { applied, needsRestart } = await configuration.reload(LOCAL, signal);
      return { applied: [...applied], needsRestart: [...needsRestart] };
    },
  };
}

function makeSecretHandlers(core: CoreParts): Pick<Handlers<typeof localConduit>, "secretNames" | "setSecret" | "deleteSecret"> {
  const { secrets } = core;
  return {
    secretNames: () => ({ names: [...secrets.names()] }),
    setSecret: async ({ name, text }) => {
      secrets.set(name, text, LOCAL);
      await announceSecret(core, name);
      return {};
    },
    deleteSecret: async ({ name }) => {
      secrets.delete(name, LOCAL);
      await announceSecret(core, name);
      return {};
    },
  };
}

/** Whoever's configuration refers to the secret gets the new one by its long poll. */
async function announceSecret(core: CoreParts, name: string): Promise<void> {
  const { configuration, secrets, revisions, turns } = core;
  const users = await secrets.checkMissing(() => secretUsers(core.configuration.current, machinesOf(core), turns), turns);
  if (users.get(name)?.startsWith(ASSET_USER) === true) revisions.assignments.advance();
  if (findSecretNames(configuration.current.acceptance).includes(name)) await core.acceptance.judgeAnew();
  if (findSecretNames(configuration.current.cloud).includes(name)) revisions.link.advance();
}

/** With 2,000 machines, and a condition of each, some MiB. */
async function writeStatus(core: CoreParts, signal: AbortSignal): Promise<WrittenReply<Status>> {
  const { conditions, register, turns } = core;
  const assets = await writeItems(register.all(), (asset) => `${JSON.stringify(asset.id)}:${JSON.stringify(readAsset(core, asset))}`, turns, signal);
  const standing = await writeItems(conditions.list(), (condition) => JSON.stringify(condition), turns, signal);
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
