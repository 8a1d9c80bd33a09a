// Core's side of what a zone is to do with its machines.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { sourceConduit } from "../../conduit/source.ts";
import type { Handlers } from "../../runtime/conduit-server.ts";
import type { CoreParts } from "../parts.ts";

export function makeOrderHandlers({ clock }: CoreParts, _zone: string): Pick<Handlers<typeof sourceConduit>, "orders" | "orderProgress"> {
  return {
    orders: async ({ waitMs }, { signal }) => {
      await clock.sleep(waitMs, signal);
      return { orders: [] };
    },
    orderProgress: () => {
      throw new Fault("NOT_FOUND", "there is no such order");
    },
  };
}
