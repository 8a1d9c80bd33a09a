// The configuration in force: loaded at start, kept for a start with a broken file, replaced while core runs.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, isFault } from "../../../drivers/contract/fault.ts";
import type { Fault } from "../../../drivers/contract/fault.ts";
import { compareConfigurations } from "../../config/compare.ts";
import type { ConfigurationChange } from "../../config/compare.ts";
import { loadApart } from "../../config/inspect-apart.ts";
import { readConfigurationFile } from "../../config/load.ts";
import type { Configuration } from "../../config/schema.ts";
import { watchConfiguration } from "../../config/watch.ts";
import type { AuditTrail } from "../audit/trail.ts";
import type { Conditions } from "../health/conditions.ts";
import type { Kept } from "../inventory/state-schema.ts";

export interface ConfigurationOptions {
  /** Undefined: defaults for ever. */
  readonly file: string | undefined;
  readonly clock: Clock;
  readonly kept: Kept;
  readonly conditions: Conditions;
  readonly trail: AuditTrail;
}

/** Lines of a broken configuration that a condition shows. */
const SHOWN_LINES = 5;
const NO_FILE = "the configuration";
/** At start nobody waits for an answer yet: a thread is only worth its start for a large text. */
const IN_PLACE_AT_START_BYTES = 32_768;

export class ActiveConfiguration {
  readonly #options: ConfigurationOptions;
  readonly #atStart: Configuration;
  #current: Configuration;
  #known: Uint8Array | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #listener: (change: ConfigurationChange) => void = () => undefined;

  private constructor(options: ConfigurationOptions, loaded: { readonly configuration: Configuration; readonly known: Uint8Array | undefined }) {
    this.#options = options;
    this.#atStart = loaded.configuration;
    this.#current = loaded.configuration;
    this.#known = loaded.known;
  }

  /** Never fails for the file: with a broken one, or one that has gone, the last good configuration is used and a condition raised. */
  static async open(options: ConfigurationOptions, signal: AbortSignal): Promise<ActiveConfiguration> {
    return new ActiveConfiguration(options, await loadAtStart(options, signal));
  }

  get current(): Configuration {
    return this.#current;
  }

  /** Called after each change that was applied. */
  onChange(listener: (change: ConfigurationChange) => void): void {
    this.#listener = listener;
  }

  /** Reads the file again. Throws CONFIG_INVALID with the lines; then the configuration before stays in force. One after the other: the newest reading wins. */
  reload(actor: string, signal: AbortSignal): Promise<ConfigurationChange> {
    const turn = this.#last.then(() => this.#reload(actor, signal));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #reload(actor: string, signal: AbortSignal): Promise<ConfigurationChange> {
    const { file, kept, conditions, trail } = this.#options;
    if (file === undefined) return { applied: [], needsRestart: [] };
    const bytes = await this.#load(actor, file, signal);
    const change = compareConfigurations(this.#current, bytes.configuration);
    const waiting = compareConfigurations(this.#atStart, bytes.configuration).needsRestart;
    this.#known = bytes.known;
    this.#current = bytes.configuration;
    kept.write("good-configuration", Buffer.from(bytes.known).toString("utf8"));
    conditions.clear("CONFIG_BROKEN", file);
    if (waiting.length === 0) conditions.clear("CONFIG_NEEDS_RESTART", file);
    else conditions.raise("CONFIG_NEEDS_RESTART", file, waiting.join(", "));
    if (change.applied.length + change.needsRestart.length === 0) return change;
    trail.record({ actor, action: "configuration.applied", target: file, result: "done", detail: { ...change } });
    this.#listener(change);
    return change;
  }

  /** Applies each change of the file until the signal aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    const { file, clock } = this.#options;
    if (file === undefined) return;
    const onChange = async (): Promise<void> => {
      // What is wrong with the file is a condition by now, and the one before stays in force.
      await this.reload("core", signal).catch((error: unknown) => demandConfigFault(error));
    };
    await watchConfiguration(file, clock, onChange, signal, this.#known);
  }

  async #load(actor: string, file: string, signal: AbortSignal): Promise<{ readonly configuration: Configuration; readonly known: Uint8Array }> {
    let known: Uint8Array | undefined;
    try {
      known = await readConfigurationFile(file, signal);
      return { configuration: await loadApart(known, file, this.#options, signal), known };
    } catch (error) {
      const wasEver = known !== undefined || this.#options.kept.read("good-configuration") !== undefined;
      if (wasEver && isFault(error, "CONFIG_INVALID")) refuse(this.#options, file, error, actor);
      throw error;
    }
  }
}

async function loadAtStart(options: ConfigurationOptions, signal: AbortSignal): Promise<{ readonly configuration: Configuration; readonly known: Uint8Array | undefined }> {
  const { file, kept, clock } = options;
  const load = (text: string | Uint8Array, name: string): Promise<Configuration> => loadApart(text, name, { clock, inPlaceBytes: IN_PLACE_AT_START_BYTES }, signal);
  if (file === undefined) return { configuration: await load("", NO_FILE), known: undefined };
  const good = kept.read("good-configuration");
  let known: Uint8Array | undefined;
  try {
    known = await readConfigurationFile(file, signal);
    const configuration = await load(known, file);
    kept.write("good-configuration", Buffer.from(known).toString("utf8"));
    return { configuration, known };
  } catch (error) {
    const fault = asFault(error, file);
    if (fault.code !== "CONFIG_INVALID") throw fault;
    // A gateway that never had a configuration starts with the defaults, without complaint.
    if (known !== undefined || good !== undefined) refuse(options, file, fault, "core");
    return { configuration: await loadGood(good, load), known };
  }
}

/** A kept text that a newer version refuses is no reason not to start. */
async function loadGood(text: string | undefined, load: (text: string, name: string) => Promise<Configuration>): Promise<Configuration> {
  try {
    return await load(text ?? "", "the last good configuration");
  } catch (error) {
    if (!isFault(error, "CONFIG_INVALID")) throw error;
    return load("", NO_FILE);
  }
}

function refuse(options: ConfigurationOptions, file: string, fault: Fault, actor: string): void {
  const lines = fault.toString().split("\n");
  const more = lines.length > SHOWN_LINES ? `\n… and ${lines.length - SHOWN_LINES} more` : "";
  const words = lines.slice(0, SHOWN_LINES).join("\n") + more;
  const isNew = options.conditions.raise("CONFIG_BROKEN", file, words);
  if (isNew) options.trail.record({ actor, action: "configuration.refused", target: file, result: "refused", detail: { faults: words } });
}

function demandConfigFault(error: unknown): void {
  if (!isFault(error, "CONFIG_INVALID", "CANCELLED") && !(error instanceof Error && error.name === "AbortError")) throw error;
}
