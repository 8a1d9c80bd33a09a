// docs/configuration.md and docs/configuration.de.md: every setting, from the one schema.

import { asJsonSchema, listChoices, type JsonSchema } from "../../firmware/config/json-schema.ts";
import { listSettings, type Setting } from "../../firmware/config/list-settings.ts";
import { ConfigurationSchema } from "../../firmware/config/schema.ts";
import { germanSettings } from "../../firmware/config/texts-de.ts";
import { englishWords, germanWords, type ReferenceWords } from "./configuration-words.ts";
import { markdownNotice, type GeneratedFile } from "./generated-file.ts";

const root = asJsonSchema(ConfigurationSchema);

export const configurationFiles: readonly GeneratedFile[] = [
  { path: "docs/configuration.md", write: () => writeReference(englishWords, ({ schema }) => schema.description ?? "") },
  { path: "docs/configuration.de.md", write: () => writeReference(germanWords, ({ path }) => germanSettings[path] ?? "") },
];

type Describe = (setting: Setting) => string;

function writeReference(words: ReferenceWords, describe: Describe): string {
  const settings = listSettings(root);
  const sections = settings.filter(({ path }) => /^\w+$/.test(path)).map((section) => writeSection(section, settings, words, describe));
  const drivers = settings.filter(isDriver).map((driver) => writeDriver(driver, settings, words, describe));
  return [markdownNotice("firmware/config/schema.ts and drivers/schemas.ts"), "", `# ${words.title}`, "", words.intro, "", ...sections, ...drivers].join("\n");
}

function isDriver({ path, kind, schema }: Setting): boolean {
  return /^assets\[\]\.\w+$/.test(path) && kind === "group" && schema.properties !== undefined && path !== "assets[].equipment";
}

function writeSection(section: Setting, all: readonly Setting[], words: ReferenceWords, describe: Describe): string {
  const drivers = all.filter(isDriver).map(({ path }) => path);
  const isOwn = ({ path }: Setting): boolean => /^[.[]/.test(path.slice(section.path.length)) && path.startsWith(section.path);
  const rows = all.filter((setting) => isOwn(setting) && !drivers.some((driver) => setting.path.startsWith(`${driver}.`)));
  return [`## ${section.path}`, "", describe(section), "", writeTable(rows, words, describe), ""].join("\n");
}

function writeDriver(driver: Setting, all: readonly Setting[], words: ReferenceWords, describe: Describe): string {
  const id = driver.path.slice("assets[].".length);
  const rows = all.filter(({ path }) => path.startsWith(`${driver.path}.`));
  return [`## ${words.driver} ${id}`, "", describe(driver), "", writeTable(rows, words, describe), ""].join("\n");
}

function writeTable(rows: readonly Setting[], words: ReferenceWords, describe: Describe): string {
  const lines = rows.map((setting) => `| \`${setting.path}\` | ${writeType(setting, words)} | ${writeDefault(setting, words)} | ${writeUnit(setting.schema, words)} | ${escapeCell(describe(setting))} |`);
  return [`| ${words.columns.join(" | ")} |`, "| --- | --- | --- | --- | --- |", ...lines].join("\n");
}

function writeType({ kind, schema }: Setting, words: ReferenceWords): string {
  if (kind === "choice") return (listChoices(schema) ?? []).map((choice) => `\`${typeof choice === "string" && /^[\d.]+$/.test(choice) ? `"${choice}"` : String(choice)}\``).join(", ");
  if (kind === "duration") return `${words.kinds.duration}, ${schema.shortest ?? "0s"} ${words.to} ${schema.longest ?? "…"}`;
  const { minimum, maximum } = schema;
  return minimum === undefined || maximum === undefined ? words.kinds[kind] : `${words.kinds[kind]}, ${minimum} ${words.to} ${maximum}`;
}

function writeDefault({ kind, schema, isRequired }: Setting, words: ReferenceWords): string {
  if (isRequired) return words.required;
  if (schema.default === undefined || kind === "group") return "";
  return `\`${kind === "choice" && typeof schema.default === "string" && /^[\d.]+$/.test(schema.default) ? `"${schema.default}"` : writeValue(schema.default)}\``;
}

function writeValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function writeUnit({ unit }: JsonSchema, words: ReferenceWords): string {
  return unit === undefined ? "" : (words.units[unit] ?? unit);
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|");
}
