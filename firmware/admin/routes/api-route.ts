// A route of the API as a row of a table: which operation of core it is, and where its input stands in a request.

import type { TObject, TSchema } from "typebox";
import { adminConduit } from "../../conduit/admin.ts";
import { loginRoutes } from "../../conduit/accounts.ts";
import type { InputOf } from "../../conduit/route.ts";
import { NothingSchema } from "../../conduit/shared.ts";
import type { Operation } from "../server/core-calls.ts";

export const API = "/api/v1";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * What becomes of core's reply. `json`: itself, or 204 where there is nothing to say. `session`: a new session, which goes into a cookie and not into the
 * answer. `renewed`: the same for the session that asked. `logout`: the cookie goes. `picture`: with the QR code. `download`: a file.
 */
export type Answer = "json" | "session" | "renewed" | "logout" | "picture" | "download";

export interface RouteOptions<Name extends Operation = Operation> {
  /** Members of the input that core wants and a request need not say. */
  readonly defaults?: Partial<InputOf<(typeof adminConduit)[Name]>>;
  readonly answer?: Answer;
  /** 200 unless said, or 204. */
  readonly status?: 201;
  /** 15 s unless said. */
  readonly mayTakeMs?: number;
  /** Members of the input that the page's own side fills in. */
  readonly hidden?: readonly string[];
}

export interface ApiRoute extends RouteOptions {
  readonly operation: Operation;
  readonly method: Method;
  /** Below `/api/v1`; `{name}` is a member of the input. */
  readonly path: string;
  readonly says: string;
}

/** One row. */
export function row<Name extends Operation>(operation: Name, method: Method, path: string, says: string, options: RouteOptions<Name> = {}): ApiRoute {
  return { operation, method, path, says, ...options };
}

/** For somebody who is not logged in. */
export function isForNobody({ operation }: Pick<ApiRoute, "operation">): boolean {
  return operation in loginRoutes;
}

export function isChange({ method }: Pick<ApiRoute, "method">): boolean {
  return method !== "GET";
}

export function inputSchemaOf({ operation }: Pick<ApiRoute, "operation">): TObject {
  return adminConduit[operation].input;
}

export function replySchemaOf({ operation }: Pick<ApiRoute, "operation">): TSchema | undefined {
  const route = adminConduit[operation];
  if (route.kind === "raw" || (route.reply as TSchema) === NothingSchema) return undefined;
  return route.reply;
}

export function bodyLimitOf({ operation }: Pick<ApiRoute, "operation">): number {
  return adminConduit[operation].bodyLimit;
}

/** Members of the input by where they stand. */
export interface Places {
  readonly path: readonly string[];
  readonly query: readonly string[];
  readonly body: readonly string[];
}

export function placesOf(route: ApiRoute): Places {
  const path = [...route.path.matchAll(/\{(\w+)\}/g)].flatMap(([, name]) => (name === undefined ? [] : [name]));
  const rest = Object.keys(inputSchemaOf(route).properties).filter((name) => !path.includes(name) && !(route.hidden ?? []).includes(name));
  return route.method === "GET" || route.method === "DELETE" ? { path, query: rest, body: [] } : { path, query: [], body: rest };
}
