// Routes of the API: accounts, sessions, tokens and service windows.

import { row } from "./api-route.ts";

export const ACCOUNT_TABLE = [
  row("contacts", "GET", "/contacts", "Whom to call about this gateway."),
  row("accounts", "GET", "/accounts", "All accounts."),
  row("createAccount", "POST", "/accounts", "Makes an account with a password for the first login.", { status: 201 }),
  row("changeAccount", "PATCH", "/accounts/{name}", "Changes an account; what is absent stays."),
  row("deleteAccount", "DELETE", "/accounts/{name}", "Deletes an account with its sessions, tokens and second factor."),
  row("resetPassword", "POST", "/accounts/{name}/temporary-password", "Gives an account a new password for its next login.", { status: 201 }),
  row("resetSecondFactor", "DELETE", "/accounts/{name}/second-factor", "Takes an account's second factor, so that it can be set up anew."),
  row("unlockAccount", "DELETE", "/accounts/{name}/lock", "Unlocks an account."),
  row("sessions", "GET", "/sessions", "All sessions."),
  row("endSession", "DELETE", "/sessions/{id}", "Ends a session."),
  row("tokens", "GET", "/tokens", "All tokens, without their texts."),
  row("createToken", "POST", "/tokens", "Makes a token; its text is shown now and never again.", { status: 201 }),
  row("deleteToken", "DELETE", "/tokens/{name}", "Deletes a token."),
  row("serviceWindows", "GET", "/service-windows", "All service windows that are open."),
  row("openServiceWindow", "POST", "/service-windows", "Opens a service window.", { status: 201 }),
  row("closeServiceWindow", "DELETE", "/service-windows/{id}", "Closes a service window."),
] as const;
