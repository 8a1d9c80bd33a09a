// Puts an operation's input together from path, query and body, and checks it as the contract has it.

import { Compile } from "typebox/compile";
import { Fault } from "../../../drivers/contract/fault.ts";
import { inputSchemaOf, placesOf, type ApiRoute } from "./api-route.ts";

export interface RequestParts {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** Throws INPUT_INVALID, which names the member. */
export type ReadInput = (request: RequestParts) => object;

export function makeReadInput(route: ApiRoute): ReadInput {
  const check = Compile(inputSchemaOf(route));
  const places = placesOf(route);
  const hasBody = places.body.length > 0;
  return ({ params, query, body }) => {
    // What path and query say is text, so it is converted where the schema wants a number; a body says its types itself.
    const texts = pick({ ...Object(query) }, places.query, "the query");
    const members = hasBody ? pick(bodyOf(body), places.body, "the body") : pick(bodyOf(body ?? {}), [], "the body");
    const converted: unknown = check.Convert({ ...texts, ...pick({ ...Object(params) }, places.path, "the path") });
    const input = { ...route.defaults, ...Object(converted), ...members };
    if (check.Check(input)) return input;
    const [first] = check.Errors(input);
    const where = first?.instancePath.slice(1) ?? "";
    throw new Fault("INPUT_INVALID", `${where === "" ? "the input" : where} ${first?.message ?? "is not as it has to be"}`, where === "" ? {} : { where });
  };
}

function pick(from: object, names: readonly string[], place: string): object {
  const stranger = Object.keys(from).find((name) => !names.includes(name));
  if (stranger !== undefined) throw new Fault("INPUT_INVALID", `${place} has a member that is not known here`, { where: stranger.slice(0, 64) });
  return from;
}

function bodyOf(body: unknown): object {
  if (typeof body === "object" && body !== null && !Array.isArray(body)) return { ...body };
  throw new Fault("INPUT_INVALID", body === undefined || body === null ? "the request needs a body" : "the body is not an object");
}
