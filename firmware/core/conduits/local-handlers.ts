// Core's side of the local conduit: what the `weir` command and the supervisor ask and tell.

import type { localConduit, Status } from "../../conduit/local.ts";
import type { Handlers } from "../../runtime/conduit-server.ts";
import { CLOUD } from "../cloud-state.ts";
import { ASSET_USER, secretUsers } from "../configuration/placements.ts";
import type { Asset } from "../inventory/asset.ts";
import type { CoreParts } from "../parts.ts";
import { makeAssetHandlers } from "./asset-handlers.ts";
import { findSecretNames } from "../vault/secret-names.ts";

/** Actor of the audit entries: whoever may run the command as this user. */
const LOCAL = "local";

export function makeLocalHandlers(core: CoreParts): Handlers<typeof localConduit> {
  const { configuration, register, revisions, values, zones } = core;
  return {
    status: () => readStatus(core),
    values: async ({ after, waitMs }, { signal }) => {
      await revisions.values.wait(after, waitMs, signal);
      const { revision, samples } = values.since(after);
      return { revision, values: samples.map((reading) => ({ asset: reading.asset, name: register.get(reading.asset)?.name ?? reading.asset, reading })) };
    },
    ...makeAssetHandlers(core),
    ...makeSecretHandlers(core),
    detections: ({ limit }) => ({ detections: core.detections.newest(limit).map((one) => ({ ...one })) }),
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
async function announceSecret({ configuration, secrets, revisions, turns }: CoreParts, name: string): Promise<void> {
  const users = await secrets.checkMissing(() => secretUsers(configuration.current, turns), turns);
  if (users.get(name)?.startsWith(ASSET_USER) === true) revisions.assignments.advance();
  if (findSecretNames(configuration.current.cloud).includes(name)) revisions.link.advance();
}

function readStatus(core: CoreParts): Status {
  const { clock, cloud, conditions, gateway, outbox, register, version, zones } = core;
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
    assets: Object.fromEntries([...register.all()].map((asset) => [asset.id, readAsset(core, asset)])),
    conditions: conditions.list().map((condition) => ({ ...condition })),
  };
}

function readAsset({ links }: CoreParts, { name, state, zone, nameplate, points }: Asset): Status["assets"][string] {
  return { name, state, link: zone === null ? "not assigned" : (links.get(name)?.state ?? "connecting"), nameplate, points };
}
