// What core has to do so that the system becomes what the configuration says: one step at a time, from what is wanted, remembered and installed.

import type { Standing } from "../../conduit/host.ts";

/** Requests by their digest. */
export interface Known {
  /** What the configuration in force asks for. */
  readonly wanted: string;
  /** What was confirmed last, as core remembers it. */
  readonly confirmed: string | undefined;
  /** What was put on trial last and not confirmed. */
  readonly tried: string | undefined;
  /** True where `wanted` cannot cut anybody off from what was confirmed. */
  readonly isHarmless: boolean;
}

export type Step =
  /** Nothing: the system has what is wanted, and it is confirmed. */
  | { readonly name: "settled" }
  /** Wait for a person. */
  | { readonly name: "on trial" }
  /** What is wanted was tried and nobody confirmed it: the system has what was confirmed before. */
  | { readonly name: "returned" }
  /** Host knows that this was confirmed, core did not get to write it down. */
  | { readonly name: "remember"; readonly which: "wanted" | "tried" }
  | { readonly name: "confirm"; readonly change: string }
  /** `keep`: confirmed by core itself at once. */
  | { readonly name: "apply"; readonly which: "wanted" | "confirmed"; readonly keep: boolean };

/** Pure. Repeated until it says `settled`, `on trial` or `returned`; whoever died in between, it goes on from what is found. */
export function nextStep(known: Known, standing: Standing): Step {
  return standing.trial === null ? withoutTrial(known, standing) : duringTrial(known, standing, standing.trial);
}

function duringTrial({ wanted, confirmed, isHarmless, tried }: Known, { installed, confirmed: before }: Standing, change: string): Step {
  const isFirst = confirmed === undefined && before === null && tried === undefined;
  if (installed === wanted) return isHarmless || isFirst || wanted === confirmed ? { name: "confirm", change } : { name: "on trial" };
  // Core died while it brought back what was confirmed.
  if (installed === confirmed) return { name: "confirm", change };
  return { name: "apply", which: "wanted", keep: isHarmless || wanted === confirmed };
}

function withoutTrial({ wanted, confirmed, tried, isHarmless }: Known, { installed, confirmed: before }: Standing): Step {
  // The power was off, or this is a new appliance: nobody has to wait for what was confirmed before, and nobody can be cut off from nothing.
  if (installed === null) return confirmed === undefined ? { name: "apply", which: "wanted", keep: before === null } : { name: "apply", which: "confirmed", keep: true };
  if (installed === wanted) return confirmed === wanted && tried === undefined ? { name: "settled" } : { name: "remember", which: "wanted" };
  if (installed === tried) return { name: "remember", which: "tried" };
  if (tried === wanted) return { name: "returned" };
  return { name: "apply", which: "wanted", keep: isHarmless };
}
