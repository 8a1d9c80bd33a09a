// What a new text of the configuration would change, setting by setting, and what is wrong with it.

import { inspectConfiguration } from "./load.ts";
import { writePath, type Path, type Problem } from "./problems.ts";
import type { Configuration } from "./schema.ts";

export interface CheckedConfiguration {
  /** Empty where the text can be used. */
  readonly problems: readonly Problem[];
  /** `log.level: "info" → "debug"`, in the order of the schema; empty where there are problems. At most 500, the last one then says how many more there are. */
  readonly changes: readonly string[];
}

const MOST_CHANGES = 500;
/** Characters of a value that are shown. */
const SHOWN = 120;
/** Of a setting's path: a name that somebody made endless. */
const SHOWN_PATH = 512;

/** Defaults count as written out. A `before` that cannot be used counts as empty. Takes as long as both texts to inspect: apart for long ones. */
export function checkConfiguration(text: string | Uint8Array, before: string | Uint8Array): CheckedConfiguration {
  const { problems, configuration } = inspectConfiguration(text);
  if (configuration === undefined) return { problems, changes: [] };
  const former = inspectConfiguration(before).configuration ?? inspectConfiguration("").configuration;
  const changes: string[] = [];
  let count = 0;
  compare(asWritten(former), asWritten(configuration), [], (change) => {
    count += 1;
    if (count < MOST_CHANGES) changes.push(change);
  });
  if (count >= MOST_CHANGES) changes.push(`… and ${count - MOST_CHANGES + 1} more`);
  return { problems, changes };
}

/** A driver's settings stand under the driver's name, as in the file. */
function asWritten(configuration: Configuration | undefined): unknown {
  return { ...configuration, assets: configuration?.assets.map(({ driver, config, ...own }) => ({ ...own, [driver]: config })) };
}

type Tell = (change: string) => void;

function compare(before: unknown, after: unknown, path: Path, tell: Tell): void {
  const former = childrenOf(before);
  const present = childrenOf(after);
  if (former === undefined || present === undefined) {
    if (show(before) !== show(after)) tell(`${writePath(path).slice(0, SHOWN_PATH)}: ${cut(show(before))} → ${cut(show(after))}`);
    return;
  }
  for (const [key, child] of present) compare(former.get(key), child, [...path, key], tell);
  for (const [key, child] of former) if (!present.has(key)) compare(child, undefined, [...path, key], tell);
}

/** By key, and a list of things with names by these, so that one that is put in between changes no other. Undefined for what is compared as a whole. */
function childrenOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (!Array.isArray(value)) return isSecret(value) ? undefined : new Map(Object.entries(value));
  const named = value.map((item: unknown) => [nameOf(item), item] as const);
  const byName = new Map(named.flatMap(([name, item]) => (name === undefined ? [] : [[name, item] as const])));
  return byName.size === value.length ? byName : undefined;
}

/** What tells an item of a list from the others. */
function nameOf(item: unknown): string | undefined {
  if (typeof item !== "object" || item === null) return undefined;
  const name: unknown = "name" in item ? item.name : "segment" in item ? item.segment : undefined;
  return typeof name === "string" ? name : undefined;
}

function isSecret(value: object): value is { readonly secret: unknown } {
  return "secret" in value && Object.keys(value).length === 1;
}

/** In one line. A reference to a secret is its name: the configuration never holds the secret itself. */
function show(value: unknown): string {
  if (value === undefined) return "not set";
  if (typeof value === "object" && value !== null && isSecret(value)) return `the secret ${JSON.stringify(value.secret)}`;
  return JSON.stringify(value);
}

function cut(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN - 1)}…` : text;
}
