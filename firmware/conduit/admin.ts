// The admin conduit, between core and the zone that serves the web page: everything in it but the login goes by a session or a token, which core checks at each call.

import Type from "typebox";
import type { Static } from "typebox";
import { LogLevelSchema } from "../config/log-section.ts";
import { loginRoutes, ownRoutes } from "./accounts.ts";
import { peopleRoutes } from "./people.ts";
import { get, post } from "./route.ts";
import { AfterSchema, AliveSchema, FaultReportSchema, NothingSchema } from "./shared.ts";
import { closed, orNull, text } from "./words.ts";

export const PageSettingsSchema = closed({
  /** Addresses to listen at; `0.0.0.0` and `::` for all that the walls let through. */
  addresses: Type.Array(text(45)),
  /** The page is at all addresses of this interface, as they come and go; then `addresses` is empty. */
  interface: Type.Optional(text(15)),
  port: Type.Integer({ minimum: 1, maximum: 65_535 }),
  /** PEM: the gateway's certificate and what stands above it; its key. */
  certificate: text(65_536),
  key: text(16_384),
  /** Names and addresses that the page answers to; a request for another host is refused. */
  names: Type.Array(text(253)),
  /** HSTS: only with a chain that browsers of the plant trust, and a DNS name. */
  isTrusted: Type.Boolean(),
  banner: text(4096),
});
export type PageSettings = Static<typeof PageSettingsSchema>;

/** The zone's own affairs. */
export const pageRoutes = {
  /** Long poll. Null: there is no page, or nothing yet that it could show. */
  settings: get("/v1/settings", { input: AfterSchema, reply: closed({ revision: Type.Integer(), logLevel: LogLevelSchema, gateway: text(64), version: text(32), /** False: the configuration asks for no page, and the zone ends. */ isWanted: Type.Boolean(), page: orNull(PageSettingsSchema) }) }),
  /** Where the page is, or why it cannot be. */
  listening: post("/v1/listening", { input: closed({ urls: Type.Array(text(300), { maxItems: 32 }), /** What the zone has for the page; it is answered when the certificate names them. */ addresses: Type.Optional(Type.Array(text(45), { maxItems: 32 })), fault: Type.Optional(FaultReportSchema) }), reply: NothingSchema }),
  alive: post("/v1/alive", { input: AliveSchema, reply: NothingSchema }),
} as const;

export const adminConduit = { ...pageRoutes, ...loginRoutes, ...ownRoutes, ...peopleRoutes } as const;
