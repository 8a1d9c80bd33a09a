// Loads the configuration: text in, a complete, checked and frozen value out, or every fault there is with its line.

import { readFile, stat } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { Fault } from "../../drivers/contract/fault.ts";
import { driverSchemas } from "../../drivers/schemas.ts";
import { checkDrivers, separateDrivers } from "./asset-driver.ts";
import { asJsonSchema } from "./json-schema.ts";
import { MOST_BYTES, parseText } from "./parse-text.ts";
import { arrange, MOST_FINDINGS, writePath, writeProblem, type Finding, type Problem, type Report } from "./problems.ts";
import { resolve } from "./resolve.ts";
import { checkRules } from "./rules.ts";
import { ConfigurationSchema, type Configuration } from "./schema.ts";

export interface InspectedConfiguration {
  /** In the order of the file; empty where the configuration can be used. */
  readonly problems: readonly Problem[];
  readonly configuration: Configuration | undefined;
}

/** All that is wrong with a configuration, or the configuration. Never throws. Bytes are checked for UTF-8. */
export function inspectConfiguration(text: string | Uint8Array): InspectedConfiguration {
  const parsed = parseText(text);
  if (parsed.problems.length > 0) return { problems: arrange(parsed.problems), configuration: undefined };
  const findings: Finding[] = [];
  const report = collectInto(findings);
  checkDrivers(parsed.value, Object.keys(driverSchemas), report);
  const resolved = resolve(asJsonSchema(ConfigurationSchema), parsed.value, [], report);
  if (findings.length === 0) {
    const configuration = separateDrivers(resolved);
    checkRules(configuration, report);
    if (findings.length === 0) return { problems: [], configuration: freeze(configuration) };
  }
  const problems = findings.map(({ path, at, message, remedy }) => ({ ...parsed.place(path, at), message, remedy, setting: writePath(path) }));
  return { problems: arrange(problems), configuration: undefined };
}

function collectInto(findings: Finding[]): Report {
  return (finding) => {
    // What has been said of a key is not said again: an unknown driver is an unknown key as well.
    if (findings.length >= MOST_FINDINGS) return;
    const isTold = finding.at === "key" && findings.some(({ at, path }) => at === "key" && isDeepStrictEqual(path, finding.path));
    if (!isTold) findings.push(finding);
  };
}

export interface LoadedConfiguration {
  readonly configuration: Configuration;
}

/** The configuration that `text` states; empty text states all defaults. Throws Fault CONFIG_INVALID with one line per fault. */
export function loadConfiguration(text: string | Uint8Array, fileName: string): LoadedConfiguration {
  return { configuration: demandConfiguration(inspectConfiguration(text), fileName) };
}

/** The configuration that was inspected. Throws Fault CONFIG_INVALID with one line per fault. */
export function demandConfiguration({ problems, configuration }: InspectedConfiguration, fileName: string): Configuration {
  if (configuration !== undefined) return configuration;
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

/** Freezes it all through; returns it. */
export function freeze<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const child of Object.values(value)) freeze(child);
  return Object.freeze(value);
}
