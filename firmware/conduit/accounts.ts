// The part of the people's conduits that is about accounts: who there is, what they may do, how they prove it.

import Type from "typebox";
import type { Static } from "typebox";
import { GROUPS, ROLES } from "../config/roles.ts";
import { get, post } from "./route.ts";
import { NothingSchema } from "./shared.ts";
import { closed, orNull, seconds, text, time } from "./words.ts";

export { GROUPS, ROLES } from "../config/roles.ts";
export type { Group, Role } from "../config/roles.ts";

export const ACCOUNT_NAME = "^[a-z0-9][a-z0-9._-]{0,63}$";
const name = () => Type.String({ pattern: ACCOUNT_NAME });
/** Longer ones are refused before anything is computed. Whether it may be chosen is core's policy. */
const password = () => text(256, 1);
/** Of an authenticator app, or one of the recovery codes. */
const code = () => text(32, 1);

const RoleSchema = Type.Enum(ROLES);
const GroupSchema = Type.Enum(GROUPS);

/** What people say about the person; none of it decides anything. */
const personal = {
  displayName: Type.Optional(text(128)),
  email: Type.Optional(text(254)),
  phone: Type.Optional(text(64)),
  /** Area of responsibility, and which machines the person has to do with [K2.1.4]. */
  responsibility: Type.Optional(text(512)),
  machines: Type.Optional(text(512)),
};

export const AccountSchema = closed({
  name: name(),
  displayName: text(128),
  email: text(254),
  phone: text(64),
  responsibility: text(512),
  machines: text(512),
  role: RoleSchema,
  group: orNull(GroupSchema),
  /** `directory`: known by the plant's directory, which keeps the password. */
  origin: Type.Enum(["local", "directory"]),
  isDisabled: Type.Boolean(),
  /** The password in force was given out by somebody else and is to be changed at the first login. */
  isTemporary: Type.Boolean(),
  /** Null for directory accounts. 0 when it is over. */
  passwordSecondsLeft: orNull(seconds()),
  hasSecondFactor: Type.Boolean(),
  recoveryCodesLeft: Type.Integer(),
  created: time(),
  lastLogin: orNull(time()),
  /** Null where it is not locked. */
  lockedSeconds: orNull(seconds()),
  sessions: Type.Integer(),
});
export type Account = Static<typeof AccountSchema>;

export const SessionSchema = closed({
  /** Names it to who lists and ends sessions; it opens nothing. */
  id: text(32),
  account: name(),
  /** Address of the browser, as the zone that serves it says. */
  source: text(64),
  started: time(),
  idleSeconds: seconds(),
  secondsLeft: seconds(),
  isOwn: Type.Boolean(),
});
export type SessionReport = Static<typeof SessionSchema>;

export const TokenSchema = closed({
  name: text(64, 1),
  owner: name(),
  role: RoleSchema,
  /** Names of operations; empty: all that the role may. */
  scope: Type.Array(text(64), { maxItems: 64 }),
  created: time(),
  secondsLeft: seconds(),
  lastUsed: orNull(time()),
});
export type TokenReport = Static<typeof TokenSchema>;

export const ServiceWindowSchema = closed({
  id: text(32),
  /** The service account, or null: all of them. */
  account: orNull(name()),
  purpose: text(512, 1),
  /** Names of operations; empty: all that the role service may. */
  scope: Type.Array(text(64), { maxItems: 64 }),
  openedBy: text(64),
  opened: time(),
  secondsLeft: seconds(),
});
export type ServiceWindow = Static<typeof ServiceWindowSchema>;

const ContactSchema = orNull(closed({ name: text(128), phone: Type.Optional(text(64)), email: Type.Optional(text(254)) }));

/** What a session or token may do now. */
export const MeSchema = closed({
  name: text(64),
  displayName: text(128),
  role: RoleSchema,
  origin: Type.Enum(["local", "directory", "token"]),
  /** `open`: everything of its role. Otherwise only what leads on: a new password, a second factor. */
  step: Type.Enum(["open", "change-password", "enrol-second-factor"]),
  /** Names of the operations that are open to it now. */
  operations: Type.Array(text(64)),
  hasSecondFactor: Type.Boolean(),
  recoveryCodesLeft: Type.Integer(),
  /** Where the password's end is near (14 days) or it has none: null. */
  passwordSecondsLeft: orNull(seconds()),
  sessionSecondsLeft: seconds(),
  idleSecondsLeft: seconds(),
  /** 0: what changes credentials, roles, trust anchors or zones asks for the password again. */
  authenticatedSecondsLeft: seconds(),
  /** For a service account: the window it acts in. */
  window: orNull(ServiceWindowSchema),
  /** To be sent back with everything that changes something; empty for a token. */
  csrf: text(64),
});
export type Me = Static<typeof MeSchema>;

const named = closed({ name: name() });

/** The session goes on under another text: the one it had opens nothing any more. */
const renewed = { session: text(128), csrf: text(64) };

/** What everybody may who is logged in: about oneself. */
export const ownRoutes = {
  me: get("/v1/me", { input: NothingSchema, reply: MeSchema }),
  logout: post("/v1/me/logout", { input: NothingSchema, reply: NothingSchema }),
  /** CREDENTIALS_REFUSED. Good for five minutes of what asks for it. */
  reauthenticate: post("/v1/me/reauthenticate", { input: closed({ password: password(), code: Type.Optional(code()) }), reply: closed(renewed) }),
  /** INPUT_INVALID says which rule the new one breaks. All other sessions of the account end. */
  changePassword: post("/v1/me/password", { input: closed({ current: password(), next: password() }), reply: closed(renewed) }),
  /** A new secret that is not in force before `confirmSecondFactor`. */
  beginSecondFactor: post("/v1/me/second-factor/begin", { input: NothingSchema, reply: closed({ secret: text(64), uri: text(512) }) }),
  /** Ten codes, each good once, shown now and never again. */
  confirmSecondFactor: post("/v1/me/second-factor/confirm", { input: closed({ code: code() }), reply: closed({ recoveryCodes: Type.Array(text(32)), ...renewed }) }),
  /** ACCESS_DENIED where the role needs one. */
  removeSecondFactor: post("/v1/me/second-factor/remove", { input: NothingSchema, reply: NothingSchema }),
  renewRecoveryCodes: post("/v1/me/recovery-codes", { input: NothingSchema, reply: closed({ recoveryCodes: Type.Array(text(32)) }) }),
} as const;

export const accountRoutes = {
  /** Whom to call about this gateway [K2.1.1, K2.1.2]; null where the configuration names nobody. */
  contacts: get("/v1/contacts", { input: NothingSchema, reply: closed({ itSecurity: ContactSchema, otAdministration: ContactSchema, vendor: ContactSchema }) }),
  accounts: get("/v1/accounts", { input: NothingSchema, reply: closed({ accounts: Type.Array(AccountSchema) }) }),
  /** With a password for the first login, good for 24 hours, shown once. `role` or `group`. Nobody makes an account with more rights than their own. */
  createAccount: post("/v1/accounts/create", {
    input: closed({ name: name(), role: Type.Optional(RoleSchema), group: Type.Optional(GroupSchema), ...personal }),
    reply: closed({ account: AccountSchema, temporaryPassword: text(64) }),
  }),
  /** What is absent stays. Sessions end where the role changes or it is disabled. */
  changeAccount: post("/v1/accounts/change", {
    input: closed({ name: name(), role: Type.Optional(RoleSchema), group: Type.Optional(orNull(GroupSchema)), isDisabled: Type.Optional(Type.Boolean()), ...personal }),
    reply: closed({ account: AccountSchema }),
  }),
  /** With its sessions, tokens and second factor. The last active systemadministrator can be neither deleted, disabled nor lowered: INPUT_INVALID. */
  deleteAccount: post("/v1/accounts/delete", { input: named, reply: NothingSchema }),
  resetPassword: post("/v1/accounts/reset-password", { input: named, reply: closed({ temporaryPassword: text(64) }) }),
  resetSecondFactor: post("/v1/accounts/reset-second-factor", { input: named, reply: NothingSchema }),
  unlockAccount: post("/v1/accounts/unlock", { input: named, reply: NothingSchema }),
  sessions: get("/v1/sessions", { input: NothingSchema, reply: closed({ sessions: Type.Array(SessionSchema) }) }),
  endSession: post("/v1/sessions/end", { input: closed({ id: text(32) }), reply: NothingSchema }),
  tokens: get("/v1/tokens", { input: NothingSchema, reply: closed({ tokens: Type.Array(TokenSchema) }) }),
  /** The text is shown once and kept as a hash. */
  createToken: post("/v1/tokens/create", {
    input: closed({ name: text(64, 1), role: RoleSchema, scope: Type.Array(text(64), { maxItems: 64 }), days: Type.Integer({ minimum: 1, maximum: 365 }) }),
    reply: closed({ token: TokenSchema, text: text(128) }),
  }),
  deleteToken: post("/v1/tokens/delete", { input: closed({ name: text(64, 1) }), reply: NothingSchema }),
  serviceWindows: get("/v1/service-windows", { input: NothingSchema, reply: closed({ windows: Type.Array(ServiceWindowSchema) }) }),
  /** A service account acts only while one is open for it [K2.1.9b]. A restart of core ends all. */
  openServiceWindow: post("/v1/service-windows/open", {
    input: closed({ account: orNull(name()), purpose: text(512, 1), scope: Type.Array(text(64), { maxItems: 64 }), minutes: Type.Integer({ minimum: 1, maximum: 1440 }) }),
    reply: closed({ window: ServiceWindowSchema }),
  }),
  closeServiceWindow: post("/v1/service-windows/close", { input: closed({ id: text(32) }), reply: NothingSchema }),
} as const;

/** How one becomes somebody; for the admin conduit. Every refusal of a login has the same words, whatever was wrong. */
export const loginRoutes = {
  /** What stands before the login. */
  welcome: get("/v1/welcome", {
    input: NothingSchema,
    reply: closed({
      gateway: text(64),
      name: text(128),
      version: text(32),
      banner: text(4096),
      /** Nobody has an account yet: the one-time password from the console makes the first administrator. */
      isUnclaimed: Type.Boolean(),
      /** The gateway's clock, for whoever's code does not fit. */
      time: time(),
      timeQuality: text(32),
    }),
  }),
  /** The first administrator. CREDENTIALS_REFUSED; NOT_SUPPORTED when there is one. */
  claim: post("/v1/claim", { input: closed({ oneTimePassword: password(), name: name(), displayName: Type.Optional(text(128)), password: password() }), reply: closed({ session: text(128), csrf: text(64), browser: text(128) }) }),
  login: post("/v1/login", {
    input: closed({ user: text(256, 1), password: password(), code: Type.Optional(code()), /** What an earlier login left in this browser. */ browser: Type.Optional(text(128)) }),
    reply: Type.Union([
      closed({ outcome: Type.Literal("session"), session: text(128), csrf: text(64), browser: text(128) }),
      /** User and password are right, and the account has a second factor. */
      closed({ outcome: Type.Literal("code-needed") }),
    ]),
  }),
} as const;

/** For whoever has the gateway in their hands: the local conduit alone. */
export const custodyRoutes = {
  /** The one-time password for the first administrator; null when there is an account. Never to be written to a journal. */
  firstPassword: get("/v1/first-password", {
    input: NothingSchema,
    reply: closed({ oneTimePassword: orNull(text(64)), /** Where the page is; empty while it is not. */ urls: Type.Array(text(300)), fingerprint: orNull(text(64)) }),
  }),
  /** Deletes all accounts, sessions, tokens and windows; nothing else. A new one-time password comes. */
  resetAccounts: post("/v1/accounts/reset", { input: NothingSchema, reply: closed({ deleted: Type.Integer() }) }),
} as const;
