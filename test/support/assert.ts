// The assertions of the tests: uvu's, with the unsafe ones replaced (its `throws` takes any error for a match of a class).

import { unreachable } from "uvu/assert";

export { equal, fixture, instance, is, match, not, ok, snapshot, type, unreachable } from "uvu/assert";

/** What a thrown error must be: a code (`Fault` or Node), a pattern of its message, or a predicate. */
export type Expected = string | RegExp | ((error: unknown) => boolean);

/** Fails unless `promise` rejects as expected; returns the error for further assertions. */
export async function rejects(promise: PromiseLike<unknown>, expected: Expected): Promise<unknown> {
  let settled: { readonly error: unknown } | undefined;
  try {
    await promise;
  } catch (error) {
    settled = { error };
  }
  if (settled === undefined) return unreachable(`expected a rejection with ${String(expected)}, but the promise was fulfilled`);
  demandMatch(settled.error, expected);
  return settled.error;
}

/** Fails unless `block` throws as expected; returns the error for further assertions. */
export function throws(block: () => unknown, expected: Expected): unknown {
  let thrown: { readonly error: unknown } | undefined;
  try {
    block();
  } catch (error) {
    thrown = { error };
  }
  if (thrown === undefined) return unreachable(`expected ${String(expected)} to be thrown, but nothing was`);
  demandMatch(thrown.error, expected);
  return thrown.error;
}

function demandMatch(error: unknown, expected: Expected): void {
  if (isMatch(error, expected)) return;
  const shown = error instanceof Error ? `${codeOf(error) ?? error.name}: ${error.message}` : String(error);
  throw new Error(`expected an error with ${String(expected)}, got ${shown}`, { cause: error });
}

function isMatch(error: unknown, expected: Expected): boolean {
  if (typeof expected === "string") return codeOf(error) === expected;
  if (expected instanceof RegExp) return error instanceof Error && expected.test(error.message);
  // A class called as a predicate answers with an object: only `true` itself counts.
  const verdict: unknown = expected(error);
  return verdict === true;
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
