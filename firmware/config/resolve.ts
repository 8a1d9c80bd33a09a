// Checks a value against a schema, fills in the schema's defaults, and turns durations into milliseconds, in one pass that finds every fault.

import { durationMs, SECRET_NAME } from "../../drivers/contract/settings.ts";
import { checkFormat } from "./formats.ts";
import { listChoices, type JsonSchema } from "./json-schema.ts";
import { writePath, type Path, type Report } from "./problems.ts";
import { describeValue, findNearest, listWords, quote } from "./words.ts";

/** The completed value. It is only to be used when nothing was reported. */
export function resolve(schema: JsonSchema, given: unknown, path: Path, report: Report): unknown {
  // A key with nothing behind it (all its lines commented out) counts as not given.
  const value = given ?? structuredClone(schema.default);
  const tell = (message: string, remedy?: string): void => report({ path, at: "value", message: `${writePath(path)} ${message}`, remedy });
  if (schema.unit === "duration") return resolveDuration(schema, value, tell);
  const choices = listChoices(schema);
  if (choices !== undefined) return resolveChoice(choices, value, tell);
  if (schema.anyOf !== undefined) return resolveUnion(schema.anyOf, value, path, report, tell);
  if (schema.type === "object") return resolveObject(schema, value, path, report, tell);
  if (schema.type === "array") return resolveArray(schema, value, path, report, tell);
  if (schema.type === "string") return checkText(schema, value, tell);
  if (schema.type === "integer" || schema.type === "number") return checkNumber(schema, value, tell);
  if (schema.type === "boolean" && typeof value !== "boolean") tell(`is ${describeValue(value)}, but must be \`true\` or \`false\`.`);
  return value;
}

type Tell = (message: string, remedy?: string) => void;

function resolveDuration(schema: JsonSchema, value: unknown, tell: Tell): unknown {
  const ms = durationMs(value);
  const { shortest = "0s", longest = "3650d" } = schema;
  if (ms === undefined) tell(`is ${describeValue(value)}, but must be a duration.`, "Write a number with ms, s, min, h or d, for example `30s`, `4h` or `30d`.");
  else if (ms < (durationMs(shortest) ?? 0) || ms > (durationMs(longest) ?? Infinity)) tell(`is ${describeValue(value)}, but must be between ${shortest} and ${longest}.`, typeof value === "number" ? "A number without a unit means milliseconds." : undefined);
  return ms;
}

function resolveChoice(choices: readonly unknown[], value: unknown, tell: Tell): unknown {
  if (choices.includes(value)) return value;
  const words = choices.map(String);
  const isUnquoted = typeof value !== "string" && words.includes(String(value));
  const nearest = typeof value === "string" ? findNearest(value, words) : undefined;
  const remedy = isUnquoted ? `Put quotes around it: "${String(value)}".` : nearest === undefined ? undefined : `Did you mean ${nearest}?`;
  tell(`is ${describeValue(value)}, but must be ${listWords(words)}.`, remedy);
  return value;
}

function resolveUnion(branches: readonly JsonSchema[], value: unknown, path: Path, report: Report, tell: Tell): unknown {
  const attempts = branches.map((branch) => {
    const findings: Parameters<Report>[0][] = [];
    return { branch, findings, resolved: resolve(branch, value, path, (finding) => findings.push(finding)) };
  });
  const fitting = attempts.find(({ findings }) => findings.length === 0);
  if (fitting !== undefined) return fitting.resolved;
  const sameKind = attempts.filter(({ branch }) => branch.type === kindOf(value)).sort((a, b) => a.findings.length - b.findings.length)[0];
  if (sameKind !== undefined) for (const finding of sameKind.findings) report(finding);
  else tell(`is ${describeValue(value)}, which is none of the forms it may have.`);
  return value;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value;
}

function resolveObject(schema: JsonSchema, value: unknown, path: Path, report: Report, tell: Tell): unknown {
  if (schema.secretReference === true && typeof value !== "object") return refusePlainSecret(path, tell);
  if (!isGroup(value)) {
    tell(`is ${describeValue(value)}, but must be a group of settings.`, "Put its settings below it, indented by two spaces.");
    return value;
  }
  const { properties = {} } = schema;
  const resolved: Record<string, unknown> = {};
  for (const key of Object.keys(value)) if (!Object.hasOwn(properties, key)) refuseKey(schema, key, path, report);
  for (const [key, property] of Object.entries(properties)) {
    const given = Object.hasOwn(value, key) ? value[key] : undefined;
    const isMissing = (given ?? property.default ?? undefined) === undefined;
    if (!isMissing) resolved[key] = resolve(property, given, [...path, key], report);
    else if (schema.required?.includes(key) === true) report({ path: [...path, key], at: "key", message: `${writePath([...path, key])} is missing.`, remedy: property.description });
  }
  return resolved;
}

/** A key that the schema does not name is refused: no section of the configuration has keys of the user's choice. */
function refuseKey(schema: JsonSchema, key: string, path: Path, report: Report): void {
  const known = Object.keys(schema.properties ?? {});
  const nearest = findNearest(key, known);
  const remedy = nearest === undefined ? `Known here: ${listWords(known, "and")}.` : `Did you mean ${nearest}?`;
  report({ path: [...path, key], at: "key", message: `${writePath(path)} has no setting ${quote(key)}.`, remedy });
}

function refusePlainSecret(path: Path, tell: Tell): undefined {
  const name = path.findLast((part) => typeof part === "string") ?? "name";
  tell("must be a reference to a secret: a secret itself never stands in the configuration.", `Store it with \`weir secret set NAME\` and write \`${name}: {secret: NAME}\` here.`);
  return undefined;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function resolveArray(schema: JsonSchema, value: unknown, path: Path, report: Report, tell: Tell): unknown {
  if (!Array.isArray(value)) {
    tell(`is ${describeValue(value)}, but must be a list.`, "Begin each of its items with `- `.");
    return value;
  }
  const { minItems = 0, maxItems = Infinity, items = {} } = schema;
  if (value.length < minItems) tell(`has ${value.length} items, but must have at least ${minItems}.`);
  if (value.length > maxItems) tell(`has ${value.length} items, but may have at most ${maxItems}.`);
  return value.map((item, index) => resolve(items, item, [...path, index], report));
}

function checkText(schema: JsonSchema, value: unknown, tell: Tell): unknown {
  const { minLength = 0, maxLength = Infinity, pattern, format, expects = "another form" } = schema;
  // A secret's name that is none may be the secret itself: it is not repeated.
  if (pattern === SECRET_NAME && (typeof value !== "string" || !new RegExp(pattern, "u").test(value))) tell(`must be ${expects}.`, "Give the name under which `weir secret set NAME` stores it.");
  else if (typeof value !== "string") tell(`is ${describeValue(value)}, but must be a text.`, typeof value === "number" || typeof value === "boolean" ? `Put quotes around it: "${value}".` : undefined);
  else if (value.length < minLength) tell(minLength === 1 ? "is empty." : `has ${value.length} characters, but must have at least ${minLength}.`);
  else if (value.length > maxLength) tell(`has ${value.length} characters, but may have at most ${maxLength}.`);
  else if (pattern !== undefined && !new RegExp(pattern, "u").test(value)) tell(`is ${describeValue(value)}, but must be ${expects}.`);
  else if (format !== undefined) checkFormat(format, value, tell);
  return value;
}

function checkNumber(schema: JsonSchema, value: unknown, tell: Tell): unknown {
  const { minimum = -Infinity, maximum = Infinity, unit } = schema;
  const wanted = schema.type === "integer" ? "a whole number" : "a number";
  if (typeof value !== "number" || !Number.isFinite(value) || (schema.type === "integer" && !Number.isSafeInteger(value))) {
    tell(`is ${describeValue(value)}, but must be ${wanted}${unit === undefined ? "" : ` (${unit})`}.`);
  } else if (value < minimum || value > maximum) tell(`is ${value}, but must be ${writeRange(minimum, maximum)}.`);
  return value;
}

function writeRange(minimum: number, maximum: number): string {
  if (maximum === Infinity) return `at least ${minimum}`;
  return minimum === -Infinity ? `at most ${maximum}` : `between ${minimum} and ${maximum}`;
}
