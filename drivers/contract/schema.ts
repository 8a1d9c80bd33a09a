// What a schema is here: one typebox object that gives type, default, check, admin form and reference text at once.

import type { Static, TSchema } from "typebox";

/** A typebox schema whose checked value has the type `Value`. */
export type Schema<Value> = TSchema & { readonly static?: Value };

export type { Static, TSchema };
