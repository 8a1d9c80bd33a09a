// Core's side of how one becomes somebody.

import type { loginRoutes } from "../../conduit/accounts.ts";
import type { Call, Handlers } from "../../runtime/conduit-server.ts";
import type { Origin } from "../accounts/keeping.ts";
import type { CoreParts } from "../parts.ts";

/** For the conduit of this zone. */
export function makeLoginHandlers({ accounts, clock, configuration, gateway, version }: CoreParts, zone: string): Handlers<typeof loginRoutes> {
  const originOf = ({ source }: Call): Origin => ({ zone, source: source ?? null });
  return {
    welcome: () => ({
      gateway,
      name: configuration.current.gateway.name ?? "",
      version,
      banner: configuration.current.accounts.banner,
      isUnclaimed: accounts.isUnclaimed,
      time: new Date(clock.now()).toISOString(),
      timeQuality: clock.timeQuality(),
    }),
    claim: (input, call) => accounts.claim.claim(input, originOf(call), call.signal),
    login: (input, call) => accounts.login.login(input, originOf(call), call.signal),
  };
}
