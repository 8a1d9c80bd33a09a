// The configuration in force: loaded at start, kept for a start with a broken file, replaced while core runs.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, isFault } from "../../../drivers/contract/fault.ts";
import type { Fault } from "../../../drivers/contract/fault.ts";
import { compareMarks } from "../../config/compare.ts";
import type { ConfigurationChange, PartMarks } from "../../config/compare.ts";
import { checkApart, loadApart, type ApartOptions, type MarkedConfiguration } from "../../config/inspect-apart.ts";
import { readConfigurationFile } from "../../config/load.ts";
import type { Configuration } from "../../config/schema.ts";
import { watchConfiguration } from "../../config/watch.ts";
import type { By } from "../accounts/actor.ts";
import type { AuditTrail } from "../audit/trail.ts";
import type { Conditions } from "../health/conditions.ts";
import type { Kept } from "../inventory/state-schema.ts";
import type { Turns } from "../turns.ts";

export interface ConfigurationOptions {
  /** Undefined: defaults for ever. */
  readonly file: string | undefined;
  readonly clock: Clock;
  readonly kept: Kept;
  readonly conditions: Conditions;
  readonly trail: AuditTrail;
  readonly turns: Turns;
}

interface Loaded extends MarkedConfiguration {
  /** The file's bytes, undefined where it could not be used. */
  readonly known: Uint8Array | undefined;
}

/** Lines of a broken configuration that a condition shows. */
const SHOWN_LINES = 5;
/** Settings that one entry of the audit log names. */
const RECORDED_SETTINGS = 200;
const NO_FILE = "the configuration";
/** At start nobody waits for an answer yet: a thread is only worth its start for a large text. */
const IN_PLACE_AT_START_BYTES = 32_768;

export class ActiveConfiguration {
  readonly #options: ConfigurationOptions;
  readonly #marksAtStart: PartMarks;
  #loaded: Loaded;
  #last: Promise<unknown> = Promise.resolve();
  #listener: (change: ConfigurationChange) => Promise<void> = () => Promise.resolve();
  #prepare: (coming: Configuration) => Promise<void> = () => Promise.resolve();

  private constructor(options: ConfigurationOptions, loaded: Loaded) {
    this.#options = options;
    this.#marksAtStart = loaded.marks;
    this.#loaded = loaded;
  }

  /** Never fails for the file: with a broken one, or one that has gone, the last good configuration is used and a condition raised. */
  static async open(options: ConfigurationOptions, signal: AbortSignal): Promise<ActiveConfiguration> {
    return new ActiveConfiguration(options, await loadAtStart(options, signal));
  }

  get current(): Configuration {
    return this.#loaded.configuration;
  }

  /** The text that is in force; empty where the defaults are. */
  get text(): string | Uint8Array {
    return this.#loaded.known ?? this.#options.kept.read("good-configuration") ?? "";
  }

  get file(): string | undefined {
    return this.#options.file;
  }

  /** Called after each change; a reload ends, and the next one begins, when what it returns has resolved. */
  onChange(listener: (change: ConfigurationChange) => Promise<void>): void {
    this.#listener = listener;
  }

  /** Called before each change; the configuration comes into force when what it returns has resolved. */
  beforeChange(prepare: (coming: Configuration) => Promise<void>): void {
    this.#prepare = prepare;
  }

  /** Reads the file again; resolves when it is applied. Throws CONFIG_INVALID with the lines; then the configuration before stays in force. One after the other: the newest reading wins. `write` is awaited before, and no other reading comes between. */
  reload(actor: By, signal: AbortSignal, write: () => Promise<void> = () => Promise.resolve()): Promise<ConfigurationChange> {
    const turn = this.#last.then(write).then(() => this.#reload(actor, signal));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #reload(actor: By, signal: AbortSignal): Promise<ConfigurationChange> {
    const { file, clock, kept, conditions, trail, turns } = this.#options;
    if (file === undefined) return { applied: [], needsRestart: [] };
    const loaded = await this.#load(actor, file, signal);
    await turns.next();
    kept.write("good-configuration", Buffer.from(loaded.known).toString("utf8"));
    await turns.next();
    const change = compareMarks(this.#loaded.marks, loaded.marks);
    const waiting = compareMarks(this.#marksAtStart, loaded.marks).needsRestart;
    const settings = change.applied.length + change.needsRestart.length === 0 ? [] : await compareSettings(loaded.known, this.text, { clock, turn: () => turns.next() }, signal);
    const isOther = change.applied.length + change.needsRestart.length > 0;
    if (isOther) {
      await this.#prepare(loaded.configuration);
      // It is kept: the next start has it, whatever happens now.
      await turns.next();
      trail.record({ actor, action: "configuration.applied", target: file, result: "done", detail: { ...change, settings } });
      await turns.next();
    }
    this.#loaded = loaded;
    conditions.clear("CONFIG_BROKEN", file);
    if (waiting.length === 0) conditions.clear("CONFIG_NEEDS_RESTART", file);
    else conditions.raise("CONFIG_NEEDS_RESTART", file, waiting.join(", "));
    if (isOther) await this.#listener(change);
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
    await watchConfiguration(file, clock, onChange, signal, this.#loaded.known);
  }

  async #load(actor: By, file: string, signal: AbortSignal): Promise<MarkedConfiguration & { readonly known: Uint8Array }> {
    let known: Uint8Array | undefined;
    try {
      known = await readConfigurationFile(file, signal);
      const { clock, turns } = this.#options;
      return { ...(await loadApart(known, file, { clock, turn: () => turns.next() }, signal)), known };
    } catch (error) {
      const wasEver = known !== undefined || this.#options.kept.read("good-configuration") !== undefined;
      if (wasEver && isFault(error, "CONFIG_INVALID")) refuse(this.#options, file, error, actor);
      throw error;
    }
  }
}

async function loadAtStart(options: ConfigurationOptions, signal: AbortSignal): Promise<Loaded> {
  const { file, kept, clock } = options;
  const load = (text: string | Uint8Array, name: string): Promise<MarkedConfiguration> => loadApart(text, name, { clock, inPlaceBytes: IN_PLACE_AT_START_BYTES }, signal);
  if (file === undefined) return { ...(await load("", NO_FILE)), known: undefined };
  const good = kept.read("good-configuration");
  let known: Uint8Array | undefined;
  try {
    known = await readConfigurationFile(file, signal);
    const loaded = await load(known, file);
    const text = Buffer.from(known).toString("utf8");
    if (good !== undefined && good !== text) await recordSettings(options, file, known, good, signal);
    kept.write("good-configuration", text);
    return { ...loaded, known };
  } catch (error) {
    const fault = asFault(error, file);
    if (fault.code !== "CONFIG_INVALID") throw fault;
    // A gateway that never had a configuration starts with the defaults, without complaint.
    if (known !== undefined || good !== undefined) refuse(options, file, fault, "core");
    return { ...(await loadGood(good, load)), known };
  }
}

/** Who edits the file of a stopped gateway changes it like anybody else. */
async function recordSettings({ clock, trail }: ConfigurationOptions, file: string, text: Uint8Array, before: string, signal: AbortSignal): Promise<void> {
  const settings = await compareSettings(text, before, { clock }, signal);
  if (settings.length > 0) trail.record({ actor: "core", action: "configuration.applied", target: file, result: "done", detail: { changedWhileStopped: true, settings } });
}

/** What differs, setting by setting, for the audit log. Secrets are names there. */
async function compareSettings(text: Uint8Array, before: string | Uint8Array, options: ApartOptions, signal: AbortSignal): Promise<readonly string[]> {
  const { changes } = await checkApart(text, before, options, signal);
  const more = changes.length - RECORDED_SETTINGS;
  return more > 0 ? [...changes.slice(0, RECORDED_SETTINGS), `… and ${more} more`] : changes;
}

/** A kept text that a newer version refuses is no reason not to start. */
async function loadGood(text: string | undefined, load: (text: string, name: string) => Promise<MarkedConfiguration>): Promise<MarkedConfiguration> {
  try {
    return await load(text ?? "", "the last good configuration");
  } catch (error) {
    if (!isFault(error, "CONFIG_INVALID")) throw error;
    return load("", NO_FILE);
  }
}

function refuse(options: ConfigurationOptions, file: string, fault: Fault, actor: By): void {
  const lines = fault.toString().split("\n");
  const more = lines.length > SHOWN_LINES ? `\n… and ${lines.length - SHOWN_LINES} more` : "";
  const words = lines.slice(0, SHOWN_LINES).join("\n") + more;
  const isNew = options.conditions.raise("CONFIG_BROKEN", file, words);
  if (isNew) options.trail.record({ actor, action: "configuration.refused", target: file, result: "refused", detail: { faults: words } });
}

function demandConfigFault(error: unknown): void {
  if (!isFault(error, "CONFIG_INVALID", "CANCELLED") && !(error instanceof Error && error.name === "AbortError")) throw error;
}
