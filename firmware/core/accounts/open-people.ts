// Puts together what core knows people and their programs by.

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { AuditTrail } from "../audit/trail.ts";
import { AccountRows } from "./account-rows.ts";
import { Accounts } from "./accounts.ts";
import type { AccountsParts } from "./accounts.ts";
import type { Identify } from "./identity.ts";
import { Refusals } from "./refusals.ts";
import { ServiceWindows } from "./service-windows.ts";
import { Tokens } from "./tokens.ts";

export interface People {
  readonly accounts: Accounts;
  readonly tokens: Tokens;
  readonly windows: ServiceWindows;
  readonly refusals: Refusals;
  /** Whom a session or a token stands for, with the service window that it acts in. */
  readonly identify: Identify;
}

/** The caller closes `accounts` and flushes `refusals`. */
export function openPeople(parts: AccountsParts & { readonly clock: Clock; readonly trail: AuditTrail }): People {
  const { clock, database, trail } = parts;
  const accounts = new Accounts(parts);
  const tokens = new Tokens({ database, clock, time: accounts.time, accounts: new AccountRows(database) });
  const windows = new ServiceWindows(clock, trail);
  const identify: Identify = (bearer, isActive) => {
    const found = bearer.startsWith("wt_") ? tokens.identify(bearer) : accounts.identify(bearer, isActive);
    return found?.role === "service" ? { ...found, window: windows.openFor(found.account) } : found;
  };
  return { accounts, tokens, windows, refusals: new Refusals(clock, trail), identify };
}
