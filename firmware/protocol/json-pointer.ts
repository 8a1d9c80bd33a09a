// JSON pointers (RFC 6901), compiled once into a function because they run for every payload.

/** Finds what the pointer names in a parsed JSON document; undefined where there is no such place. Never throws. */
export type Lookup = (document: unknown) => unknown;

/** Every pointer that `compilePointer` takes: empty for the whole document, else tokens each begun by `/`. */
export const POINTER_PATTERN = "^(/([^~/]|~[01])*)*$";

/** Compiles a pointer that matches POINTER_PATTERN; undefined gives a lookup that finds nothing. */
export function compilePointer(pointer: string | undefined): Lookup {
  if (pointer === undefined) return () => undefined;
  const tokens = pointer.split("/").slice(1).map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
  const [only] = tokens;
  if (tokens.length === 1 && only !== undefined) return (document) => step(document, only);
  return (document) => tokens.reduce(step, document);
}

function step(place: unknown, token: string): unknown {
  if (typeof place !== "object" || place === null) return undefined;
  if (Array.isArray(place)) return /^(0|[1-9]\d{0,8})$/.test(token) ? (place as readonly unknown[])[Number(token)] : undefined;
  // Own members only: a payload without `constructor` has none.
  return Object.hasOwn(place, token) ? (place as Readonly<Record<string, unknown>>)[token] : undefined;
}
