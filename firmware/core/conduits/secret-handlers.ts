// Core's side of the vault's names: set and delete; nobody reads a secret back.

import { machinesOf } from "../configuration/machines.ts";
import { ASSET_USER, secretUsers } from "../configuration/placements.ts";
import type { CoreParts } from "../parts.ts";
import { findSecretNames } from "../vault/secret-names.ts";
import type { PeopleHandlers } from "./people-operations.ts";

export function makeSecretHandlers(core: CoreParts): Pick<PeopleHandlers, "secretNames" | "setSecret" | "deleteSecret"> {
  const { secrets } = core;
  return {
    secretNames: () => ({ names: [...secrets.names()] }),
    setSecret: async ({ name, text }, { actor }) => {
      secrets.set(name, text, actor);
      await announceSecret(core, name);
      return {};
    },
    deleteSecret: async ({ name }, { actor }) => {
      secrets.delete(name, actor);
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
  if (findSecretNames(configuration.current.plant).includes(name)) revisions.plant.advance();
}

