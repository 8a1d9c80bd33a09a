// Core's side of what the zone that serves the page is given and tells.

import type { adminConduit } from "../../conduit/admin.ts";
import type { Handlers } from "../../runtime/conduit-server.ts";
import type { CoreParts } from "../parts.ts";

const ZONE = "admin";

export function makePageHandlers(core: Pick<CoreParts, "configuration" | "gateway" | "page" | "revisions" | "version" | "zones">): Pick<Handlers<typeof adminConduit>, "settings" | "listening" | "alive"> {
  const { configuration, gateway, page, revisions, version, zones } = core;
  return {
    settings: async ({ after, waitMs }, { signal }) => {
      await page.prepare();
      await revisions.page.wait(after, waitMs, signal);
      const settings = page.settings();
      return { revision: revisions.page.value, logLevel: configuration.current.log.level, gateway, version, isWanted: configuration.current.page.enabled, page: settings === null ? null : { ...settings, banner: configuration.current.accounts.banner } };
    },
    listening: async (report) => {
      await page.listening(report);
      return {};
    },
    alive: (alive) => {
      zones.alive(ZONE, alive);
      return {};
    },
  };
}
