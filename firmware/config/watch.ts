// Watches the configuration's file and reports every change of its content, however the editor writes it.

import { createHash } from "node:crypto";
import { watch } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { Clock } from "../../drivers/contract/clock.ts";
import { asFault, type Fault, isFault } from "../../drivers/contract/fault.ts";
import { readConfigurationFile } from "./load.ts";

/** What the file holds now, not yet inspected, or the fault because of which it cannot be read; then the one before stays in force. */
export type ConfigurationNews = { readonly bytes: Uint8Array; readonly fault?: undefined } | { readonly fault: Fault; readonly bytes?: undefined };

/** Quiet time after the last sign of writing; an editor's rename, truncate and write come within milliseconds. */
const SETTLE_MS = 200;
/** The file is looked at this often even without a sign: network file systems and replaced folders give none. */
const LOOK_MS = 30_000;

/**
 * Calls back for each change of the file's content since `known`, the bytes that the caller has loaded (undefined: it has
 * none, so the first look is news). It watches the folder, because editors replace the file by renaming another one onto it.
 * A file that is missing for a moment during that is waited for; one that stays missing is news like a broken one.
 * Returns when the signal aborts.
 */
export async function watchConfiguration(
  file: string,
  clock: Clock,
  onChange: (news: ConfigurationNews) => void | Promise<void>,
  signal: AbortSignal,
  known?: Uint8Array,
): Promise<void> {
  const wake = makeAlarm();
  const ended = new AbortController();
  const watching = followFolder(resolve(file), wake.ring, AbortSignal.any([signal, ended.signal]));
  let seen = known === undefined ? undefined : digest(known);
  try {
    while (!signal.aborted) {
      const content = await lookUntilSettled(file, seen, clock, signal);
      if (signal.aborted) break;
      if (content.digest !== seen) {
        seen = content.digest;
        await onChange(content.news);
      }
      await wake.wait(clock, signal);
    }
  } finally {
    ended.abort();
    await watching;
  }
}

interface Content {
  readonly digest: string;
  readonly news: ConfigurationNews;
}

/** A look may fall between an editor's truncation and its writing, the regular one without any sign: what is new must be there twice. */
async function lookUntilSettled(file: string, seen: string | undefined, clock: Clock, signal: AbortSignal): Promise<Content> {
  let content = await look(file, signal);
  for (let before = seen; content.digest !== seen && content.digest !== before && !signal.aborted; ) {
    before = content.digest;
    await sleepOr(clock, SETTLE_MS, signal, () => undefined);
    content = await look(file, signal);
  }
  return content;
}

async function look(file: string, signal: AbortSignal): Promise<Content> {
  try {
    const bytes = await readConfigurationFile(file, signal);
    return { digest: digest(bytes), news: { bytes } };
  } catch (error) {
    const fault = asFault(error, file);
    return { digest: `fault ${fault.message}`, news: { fault } };
  }
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function followFolder(file: string, ring: () => void, signal: AbortSignal): Promise<void> {
  try {
    for await (const { filename } of watch(dirname(file), { signal })) if (filename === null || filename === basename(file)) ring();
  } catch {
    // No folder, no watches left, or the folder was removed: the regular look goes on finding changes.
  }
}

interface Alarm {
  ring(): void;
  /** Resolves after the last ring has been quiet for a while, after LOOK_MS without any, or when the signal aborts. */
  wait(clock: Clock, signal: AbortSignal): Promise<void>;
}

function makeAlarm(): Alarm {
  let hasRung = false;
  let onRing: (() => void) | undefined;
  return {
    ring: () => {
      hasRung = true;
      onRing?.();
    },
    async wait(clock, signal) {
      if (!hasRung) await sleepOr(clock, LOOK_MS, signal, (wakeUp) => (onRing = wakeUp));
      onRing = undefined;
      while (hasRung && !signal.aborted) {
        hasRung = false;
        await sleepOr(clock, SETTLE_MS, signal, () => undefined);
      }
    },
  };
}

/** Sleeps until the time is over, the signal aborts or the function that `offer` is given is called. */
async function sleepOr(clock: Clock, ms: number, signal: AbortSignal, offer: (wakeUp: () => void) => void): Promise<void> {
  const early = new AbortController();
  offer(() => early.abort());
  try {
    await clock.sleep(ms, AbortSignal.any([signal, early.signal]));
  } catch (error) {
    if (!isFault(error, "CANCELLED")) throw error;
  }
}
