// The description of the API (OpenAPI 3.1), made from the table of routes and the schemas of the contract.

import type { TObject, TSchema } from "typebox";
import { API, bodyLimitOf, inputSchemaOf, isChange, isForNobody, placesOf, replySchemaOf, type ApiRoute } from "./api-route.ts";
import { NAMED_SCHEMAS, PROBLEM_SCHEMA, sessionReply, withoutSession, withPicture } from "./openapi-schemas.ts";
import { EVENTS_PATH, ROUTE_TABLE } from "./route-table.ts";

type Json = { readonly [name: string]: unknown };

const COMMON_RESPONSES = { default: { description: "It was refused or failed.", content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } } } };

/** Two spaces, one line feed at the end; the same text each time. */
export function writeDescription(): string {
  return `${JSON.stringify(describeApi(), undefined, 2)}\n`;
}

function describeApi(): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of ROUTE_TABLE) (paths[`${API}${route.path}`] ??= {})[route.method.toLowerCase()] = describeRoute(route);
  paths[EVENTS_PATH] = { get: EVENTS };
  return {
    openapi: "3.1.0",
    info: {
      title: "Weir",
      version: "1",
      description:
        "What people and programs may do with the gateway: the same operations as by the `weir` command. A program sends a token as `Authorization: Bearer`. A browser has a session by a cookie and sends, with everything that changes something, the header `weir-csrf` with `csrf` of `GET /api/v1/me`. Inputs with members that are not described are refused.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" }, session: { type: "apiKey", in: "cookie", name: "__Host-weir" } },
      schemas: { Problem: PROBLEM_SCHEMA, ...Object.fromEntries([...NAMED_SCHEMAS].map(([schema, name]) => [name, plain(schema, schema)])) },
    },
  };
}

function describeRoute(route: ApiRoute): Json {
  const { path, query, body } = placesOf(route);
  const schema = inputSchemaOf(route);
  const parameters = [...path.map((name) => describeParameter(route, schema, name, "path")), ...query.map((name) => describeParameter(route, schema, name, "query")), ...(isChange(route) && !isForNobody(route) ? [CSRF_PARAMETER] : [])];
  return {
    operationId: route.operation,
    summary: route.says,
    ...(isForNobody(route) ? { security: [] } : { security: [{ token: [] }, { session: [] }] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body.length === 0 ? {} : { requestBody: describeBody(route, schema, body) }),
    responses: { ...describeReply(route), ...COMMON_RESPONSES },
  };
}

const CSRF_PARAMETER = { name: "weir-csrf", in: "header", required: false, description: "With a session's cookie: `csrf` of GET /api/v1/me. Not with a token.", schema: { type: "string" } };

function describeParameter(route: ApiRoute, schema: TObject, name: string, place: "path" | "query"): Json {
  const fallback = (route.defaults as Json | undefined)?.[name];
  const own = plain(schema.properties[name]);
  return { name, in: place, required: place === "path" || (isRequired(schema, name) && fallback === undefined), schema: fallback === undefined ? own : { ...Object(own), default: fallback } };
}

function describeBody(route: ApiRoute, schema: TObject, names: readonly string[]): Json {
  const properties = Object.fromEntries(names.map((name) => [name, plain(schema.properties[name])]));
  const required = names.filter((name) => isRequired(schema, name));
  const inner = { type: "object", properties, ...(required.length === 0 ? {} : { required }), additionalProperties: false };
  return { required: true, description: `At most ${bodyLimitOf(route)} bytes.`, content: { "application/json": { schema: inner } } };
}

function describeReply(route: ApiRoute): Json {
  if (route.answer === "download") return { 200: { description: "The file.", content: { "application/octet-stream": {} } } };
  const reply = replySchemaOf(route);
  if (reply === undefined) return { 204: { description: "Done." } };
  return { [route.status ?? 200]: { description: "Done.", content: { "application/json": { schema: plain(shownReply(route, reply)) } } } };
}

function shownReply({ answer, operation }: ApiRoute, reply: TSchema): TSchema {
  if (answer === "session") return sessionReply(operation);
  if (answer === "renewed") return withoutSession(reply);
  return answer === "picture" ? withPicture(reply) : reply;
}

function isRequired(schema: TObject, name: string): boolean {
  return schema.required?.includes(name) ?? false;
}

/** JSON Schema as it stands, with a reference in place of each schema that has a name; `itself` is written out. */
function plain(schema: unknown, itself?: TSchema): unknown {
  if (Array.isArray(schema)) return schema.map((one) => plain(one));
  if (typeof schema !== "object" || schema === null) return schema;
  const name = schema === itself ? undefined : NAMED_SCHEMAS.get(schema);
  if (name !== undefined) return { $ref: `#/components/schemas/${name}` };
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, plain(value)]));
}

const EVENTS: Json = {
  operationId: "events",
  summary: "The stream of changes: `values` and `standing`. It goes on after `Last-Event-ID`, and ends with the session (`end`).",
  security: [{ token: [] }, { session: [] }],
  parameters: [{ name: "Last-Event-ID", in: "header", required: false, description: "The `id` of the last event that arrived.", schema: { type: "string" } }],
  responses: {
    200: { description: "Server-sent events. The data of `values` is `{values}` of GET /api/v1/values, that of `standing` is GET /api/v1/standing without `revision`.", content: { "text/event-stream": { schema: { type: "string" } } } },
    ...COMMON_RESPONSES,
  },
};
