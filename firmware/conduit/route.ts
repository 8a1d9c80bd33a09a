// The shape of a conduit's contract: a table of routes with their schemas, from which server and client take types and checks.

import type { Static, TSchema } from "typebox";

/** A call with a checked input and a checked reply, JSON both ways. */
export interface JsonRoute<Input extends TSchema = TSchema, Reply extends TSchema = TSchema> {
  readonly kind: "json";
  /** GET may be repeated freely and may be a long poll; POST carries (epoch, number) and is answered once however often it comes. */
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly input: Input;
  readonly reply: Reply;
  readonly bodyLimit: number;
}

/** A call whose reply is bytes that nobody between store and wire needs to parse; what describes them goes in one header as JSON. */
export interface RawRoute<Input extends TSchema = TSchema, Head extends TSchema = TSchema> {
  readonly kind: "raw";
  readonly method: "POST";
  readonly path: string;
  readonly input: Input;
  readonly head: Head;
  readonly bodyLimit: number;
}

export type Route = JsonRoute | RawRoute;
export type Contract = Readonly<Record<string, Route>>;

export type InputOf<R extends Route> = Static<R["input"]>;
export type ReplyOf<R extends Route> = R extends JsonRoute ? Static<R["reply"]> : R extends RawRoute ? { readonly head: Static<R["head"]>; readonly body: Uint8Array } : never;

/** Bytes a request may have where nothing else is said. */
export const DEFAULT_BODY_LIMIT = 65_536;

export function get<Input extends TSchema, Reply extends TSchema>(path: string, route: { input: Input; reply: Reply }): JsonRoute<Input, Reply> {
  return { kind: "json", method: "GET", path, bodyLimit: 0, ...route };
}

export function post<Input extends TSchema, Reply extends TSchema>(path: string, route: { input: Input; reply: Reply; bodyLimit?: number }): JsonRoute<Input, Reply> {
  return { kind: "json", method: "POST", path, bodyLimit: DEFAULT_BODY_LIMIT, ...route };
}

export function postForBytes<Input extends TSchema, Head extends TSchema>(path: string, route: { input: Input; head: Head; bodyLimit?: number }): RawRoute<Input, Head> {
  return { kind: "raw", method: "POST", path, bodyLimit: DEFAULT_BODY_LIMIT, ...route };
}

/** Who sends a POST and which one it is: core answers a repeat of the same (epoch, number) with the first answer. */
export interface RequestIdentity {
  /** A UUID made at the start of the zone's process. */
  readonly epoch: string;
  /** 1, 2, 3, … within the epoch. */
  readonly number: number;
}
