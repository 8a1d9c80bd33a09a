// Loads the configuration: text in, a complete, checked and frozen value out, or every fault there is with its line.

import { readFile, stat } from "node:fs/promises";
import type { Document } from "yaml";
import { Fault } from "../../drivers/contract/fault.ts";
import { driverSchemas } from "../../drivers/schemas.ts";
import { checkDrivers, separateDrivers } from "./asset-driver.ts";
import { asJsonSchema } from "./json-schema.ts";
import { MOST_BYTES, parseText } from "./parse-text.ts";
import { arrange, writeProblem, type Finding, type Problem } from "./problems.ts";
import { resolve } from "./resolve.ts";
import { checkRules } from "./rules.ts";
import { ConfigurationSchema, type Configuration } from "./schema.ts";

export interface LoadedConfiguration {
  readonly configuration: Configuration;
  /** The text as parsed, with comments and layout; `changeSetting` works on it. */
  readonly document: Document;
}

export interface InspectedConfiguration {
  /** In the order of the file; empty where the configuration can be used. */
  readonly problems: readonly Problem[];
  readonly loaded: LoadedConfiguration | undefined;
}

/** All that is wrong with a configuration, or the configuration. Never throws. Bytes are checked for UTF-8. */
export function inspectConfiguration(text: string | Uint8Array): InspectedConfiguration {
  const parsed = parseText(text);
  if (parsed.problems.length > 0 || parsed.document === undefined) return { problems: arrange(parsed.problems), loaded: undefined };
  const findings: Finding[] = [];
  const report = (finding: Finding): void => void findings.push(finding);
  checkDrivers(parsed.value, Object.keys(driverSchemas), report);
  const resolved = resolve(asJsonSchema(ConfigurationSchema), parsed.value, [], report);
  if (findings.length === 0) {
    const configuration = separateDrivers(resolved);
    checkRules(configuration, report);
    if (findings.length === 0) return { problems: [], loaded: { configuration: freeze(configuration), document: parsed.document } };
  }
  const problems = findings.map(({ path, at, message, remedy }) => ({ ...parsed.place(path, at), message, remedy }));
  return { problems: arrange(problems), loaded: undefined };
}

/** The configuration that `text` states; empty text states all defaults. Throws Fault CONFIG_INVALID with one line per fault. */
export function loadConfiguration(text: string | Uint8Array, fileName: string): LoadedConfiguration {
  const { problems, loaded } = inspectConfiguration(text);
  if (loaded !== undefined) return loaded;
  throw new Fault("CONFIG_INVALID", problems.map((problem) => writeProblem(fileName, problem)).join("\n"));
}

/** The bytes of a configuration file. Throws Fault CONFIG_INVALID where it is missing, unreadable, no file or beyond the greatest size. */
export async function readConfigurationFile(file: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size > MOST_BYTES) throw new Fault("CONFIG_INVALID", `the file has ${size} bytes, more than ${MOST_BYTES}.`, { where: file, remedy: "Is this the right file?" });
    return await readFile(file, { signal });
  } catch (error) {
    if (error instanceof Fault) throw error;
    signal.throwIfAborted();
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    const message = isMissing ? "there is no configuration file here." : `the configuration file cannot be read: ${error instanceof Error ? error.message : String(error)}.`;
    const remedy = isMissing ? "Name the file with --config FILE, or begin with docs/examples/weir.yaml; an empty file means all defaults." : "Check the path and its permissions.";
    throw new Fault("CONFIG_INVALID", message, { where: file, remedy, cause: error });
  }
}

function freeze<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const child of Object.values(value)) freeze(child);
  return Object.freeze(value);
}
