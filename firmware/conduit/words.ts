// Short ways to write the schemas of contracts.

import Type from "typebox";
import type { TObject, TProperties, TSchema } from "typebox";

/** An object with these members and no others. */
export function closed<P extends TProperties>(members: P): TObject<P> {
  return Type.Object(members, { additionalProperties: false });
}

export const text = (maxLength: number, minLength = 0) => Type.String({ minLength, maxLength });
export const orNull = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);
/** Wall time, ISO 8601 UTC. */
export const time = () => text(40);
export const seconds = () => Type.Number({ minimum: 0 });
