// A typebox schema seen as what it is: a JSON Schema with a few keywords of ours.

import type { TSchema } from "typebox";

/** The part of JSON Schema that settings are described with. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  /** `service-url`, `machine-url`, `machine-address`, `cidr`: checked by formats.ts. */
  readonly format?: string;
  /** Ours: what the pattern asks for, in words. */
  readonly expects?: string;
  /** Ours: the unit of a number, or `duration`. */
  readonly unit?: string;
  /** Ours, with `unit: duration`: its bounds as a person writes them. */
  readonly shortest?: string;
  readonly longest?: string;
  /** Ours: the object is a reference into the vault. */
  readonly secretReference?: boolean;
}

/** Every typebox schema is a JSON Schema; its type only does not say so. */
export function asJsonSchema(schema: TSchema): JsonSchema {
  return schema;
}

/** The values that a schema allows one by one; undefined where it allows more than a list. */
export function listChoices(schema: JsonSchema): readonly unknown[] | undefined {
  if (schema.enum !== undefined) return schema.enum;
  if (schema.const !== undefined) return [schema.const];
  if (schema.anyOf?.every((branch) => branch.const !== undefined) === true) return schema.anyOf.map((branch) => branch.const);
  return undefined;
}
