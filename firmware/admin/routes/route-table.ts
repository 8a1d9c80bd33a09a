// The whole API: which request is which operation. A test compares it with the contract, the description (OpenAPI) is made from it.

import { ACCOUNT_TABLE } from "./account-table.ts";
import { API, type ApiRoute } from "./api-route.ts";
import { ASSET_TABLE } from "./asset-table.ts";
import { GATEWAY_TABLE } from "./gateway-table.ts";
import { LOGIN_TABLE } from "./login-table.ts";

export const ROUTE_TABLE: readonly ApiRoute[] = [...LOGIN_TABLE, ...GATEWAY_TABLE, ...ASSET_TABLE, ...ACCOUNT_TABLE];

/** Addresses that are no operation: the stream of changes and the description of all this. */
export const EVENTS_PATH = `${API}/events`;
export const DESCRIPTION_PATH = `${API}/openapi.json`;
export const FRONT_PATH = "/";

const PATTERNS = [...ROUTE_TABLE.map(({ method, path }) => ({ method, path: `${API}${path}` })), ...[EVENTS_PATH, DESCRIPTION_PATH, FRONT_PATH].map((path) => ({ method: "GET", path }))].map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${path.replace(/[.]/g, "\\$&").replace(/\{\w+\}/g, "[^/]+")}$`),
}));

/** Methods by which this address is offered; none where there is nothing. */
export function methodsOf(url: string): readonly string[] {
  const [path = ""] = url.split("?");
  return [...new Set(PATTERNS.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))];
}
