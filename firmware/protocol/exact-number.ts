// Numbers that JavaScript cannot hold (64-bit integers, decimals), read from JSON with every digit.

type Exact = boolean | string | null | readonly Exact[] | { readonly [name: string]: Exact };

/** Parses JSON with every number as the text it was written as. Throws SyntaxError. Three times slower than JSON.parse. */
export function parseExact(text: string): Exact {
  // The third argument is ECMAScript 2026 ("JSON.parse source text access"), which TypeScript's library does not declare yet.
  const revive = (_name: string, value: unknown, context?: { readonly source?: string }): unknown => (typeof value === "number" ? (context?.source ?? String(value)) : value);
  return JSON.parse(text, revive) as Exact;
}
