// Every setting of a schema as a flat list, for the reference in docs and for whoever shows settings one by one.

import { listChoices, type JsonSchema } from "./json-schema.ts";

export type SettingKind = "group" | "list" | "secret" | "duration" | "choice" | "text" | "integer" | "number" | "boolean";

export interface Setting {
  /** `cloud.batch.maxCount`, `segments[].name`; settings of a driver begin with `assets[].<driver>`. */
  readonly path: string;
  readonly kind: SettingKind;
  readonly schema: JsonSchema;
  /** True where a configuration without it is refused. */
  readonly isRequired: boolean;
}

/** The settings below `schema` in its own order, groups and lists before what they hold. */
export function listSettings(schema: JsonSchema, path = ""): readonly Setting[] {
  if (schema.secretReference === true) return [];
  const ofItems = schema.items === undefined ? [] : listSettings(schema.items, `${path}[]`);
  const ofProperties = Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const own = path === "" ? key : `${path}.${key}`;
    const isRequired = property.default === undefined && schema.required?.includes(key) === true;
    return [{ path: own, kind: kindOf(property), schema: property, isRequired }, ...listSettings(property, own)];
  });
  return [...ofItems, ...ofProperties];
}

function kindOf(schema: JsonSchema): SettingKind {
  if (schema.secretReference === true) return "secret";
  if (schema.unit === "duration") return "duration";
  if (listChoices(schema) !== undefined) return "choice";
  if (schema.type === "object") return "group";
  if (schema.type === "array") return "list";
  return schema.type === "integer" || schema.type === "number" || schema.type === "boolean" ? schema.type : "text";
}
