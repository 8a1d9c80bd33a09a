// docs/schema/*.schema.json: the configuration for editors, and the cloud payloads for receivers.

import type { TSchema } from "typebox";
import { driverSchemas } from "../../drivers/schemas.ts";
import { ConfigurationSchema } from "../../firmware/config/schema.ts";
import { InventorySchema, LinkStatusSchema, TaskProgressSchema, TelemetrySchema } from "../../firmware/protocol/cloud-payloads.ts";
import type { GeneratedFile } from "./generated-file.ts";

const DRAFT = "http://json-schema.org/draft-07/schema#";
/** Keywords and formats that mean something to Weir alone. */
const OURS = new Set(["unit", "expects", "shortest", "longest", "secretReference"]);
const OUR_FORMATS = new Set(["service-url", "machine-url", "machine-address", "interface-address", "cidr"]);

export const schemaFiles: readonly GeneratedFile[] = [
  { path: "docs/schema/weir.schema.json", write: () => writeJson(configurationForEditors()) },
  { path: "docs/schema/telemetry.schema.json", write: () => writeJson(payload("telemetry", TelemetrySchema)) },
  { path: "docs/schema/inventory.schema.json", write: () => writeJson(payload("inventory", InventorySchema)) },
  { path: "docs/schema/status.schema.json", write: () => writeJson(payload("status", LinkStatusSchema)) },
  { path: "docs/schema/task.schema.json", write: () => writeJson(payload("task", TaskProgressSchema)) },
];

type Json = Record<string, unknown>;

function configurationForEditors(): Json {
  const schema = strip(ConfigurationSchema, forEditor);
  const assets = child(child(schema, "properties"), "assets");
  const oneDriver = Object.keys(driverSchemas).map((id) => ({ required: [id] }));
  const sections = { ...child(schema, "properties"), assets: { ...assets, items: { ...child(assets, "items"), oneOf: oneDriver } } };
  return { $schema: DRAFT, title: "Weir configuration", ...schema, properties: Object.fromEntries(Object.entries(sections).map(([name, section]) => [name, mayBeEmpty(section)])) };
}

/** A section may stand there empty, all its lines commented out. */
function mayBeEmpty(section: unknown): unknown {
  return isGroup(section) ? { ...section, type: [section["type"], "null"] } : section;
}

/** Members that a later version adds are no fault: what is published is open, although Weir itself checks closed. */
function payload(name: string, schema: TSchema): Json {
  return { $schema: DRAFT, title: `Weir ${name}, version 1`, ...strip(schema, ({ additionalProperties, ...rest }) => (additionalProperties === false ? rest : { additionalProperties, ...rest })) };
}

/** A person writes nothing that has a default: it is filled in. */
function forEditor(node: Json): Json {
  const { required, properties, ...rest } = node;
  if (!isGroup(properties)) return node;
  const wanted = Array.isArray(required) ? required.filter((key) => typeof key === "string" && child(properties, key)["default"] === undefined) : [];
  return { ...rest, properties, ...(wanted.length === 0 ? {} : { required: wanted }) };
}

/** A copy without what is ours, `change` applied to every schema in it, innermost first. */
function strip(node: unknown, change: (schema: Json) => Json): Json {
  return change(Object.fromEntries(Object.entries(isGroup(node) ? node : {}).flatMap(([key, value]) => stripMember(key, value, change))));
}

function stripMember(key: string, value: unknown, change: (schema: Json) => Json): [string, unknown][] {
  if (OURS.has(key) || (key === "format" && OUR_FORMATS.has(String(value)))) return [];
  if (key === "properties" && isGroup(value)) return [[key, Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, strip(schema, change)]))]];
  if (key === "items") return [[key, strip(value, change)]];
  if (key === "anyOf" && Array.isArray(value)) return [[key, value.map((branch) => strip(branch, change))]];
  return [[key, value]];
}

function child(node: Json, key: string): Json {
  const value = node[key];
  return isGroup(value) ? value : {};
}

function isGroup(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function writeJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
