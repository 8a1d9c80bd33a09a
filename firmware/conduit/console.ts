// The console conduit, between core and what shows the one-time password on an appliance's screen: that, and nothing else.

import { custodyRoutes } from "./accounts.ts";

export const consoleConduit = { firstPassword: custodyRoutes.firstPassword } as const;
