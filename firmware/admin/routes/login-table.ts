// Routes of the API: becoming somebody, and what one may about oneself.

import { row } from "./api-route.ts";

export const LOGIN_TABLE = [
  row("welcome", "GET", "/welcome", "What stands before the login: the gateway's name, its banner, its clock."),
  row("claim", "POST", "/claim", "Makes the first administrator with the one-time password from the console, and logs them in.", { answer: "session" }),
  row("login", "POST", "/session", "Logs in. With `code-needed` it is to be sent again with a code of the second factor.", { answer: "session", hidden: ["browser"] }),
  row("logout", "DELETE", "/session", "Ends one's own session.", { answer: "logout" }),
  row("me", "GET", "/me", "Who one is and what one may now; `csrf` is to be sent back as the header `weir-csrf` with everything that changes something."),
  row("reauthenticate", "POST", "/me/proof", "Proves oneself again, for what asks for it.", { answer: "renewed" }),
  row("changePassword", "PUT", "/me/password", "Changes one's own password.", { answer: "renewed" }),
  row("beginSecondFactor", "POST", "/me/second-factor", "A new secret for an authenticator app, as text and as a QR code; not in force before it is confirmed.", { answer: "picture", status: 201 }),
  row("confirmSecondFactor", "PUT", "/me/second-factor", "Puts the second factor in force with a first code of it; the recovery codes are shown now and never again.", { answer: "renewed" }),
  row("removeSecondFactor", "DELETE", "/me/second-factor", "Removes one's own second factor."),
  row("renewRecoveryCodes", "POST", "/me/recovery-codes", "New recovery codes in place of the former ones.", { status: 201 }),
] as const;
