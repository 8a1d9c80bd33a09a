// Core's side of the configuration's text.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { CoreParts } from "../parts.ts";
import type { PeopleHandlers } from "./people-operations.ts";

export function makeConfigurationHandlers({ configuration }: CoreParts): Pick<PeopleHandlers, "configuration" | "checkConfiguration" | "setConfiguration" | "reload"> {
  const notYet = (): never => {
    throw new Fault("NOT_SUPPORTED", "the configuration's text cannot be read or set over a conduit yet");
  };
  return {
    configuration: notYet,
    checkConfiguration: notYet,
    setConfiguration: notYet,
    reload: async (_, { actor, signal }) => {
      const { applied, needsRestart } = await configuration.reload(actor.name, signal);
      return { applied: [...applied], needsRestart: [...needsRestart] };
    },
  };
}
