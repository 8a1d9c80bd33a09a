// Where a profile comes from: the shipped reference, or the file that a user names.

import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { checkProfile, type MikoProfile } from "../../firmware/protocol/miko-profile.ts";
import { Fault } from "../contract/fault.ts";
import reference from "./profiles/reference.json" with { type: "json" };

const MAX_CHARACTERS = 1_048_576;

/** Reads and checks a profile (JSON or YAML); the reference profile for undefined. Throws PROFILE_INVALID with file and place. */
export async function loadProfile(file: string | undefined, signal: AbortSignal): Promise<MikoProfile> {
  if (file === undefined) return checkProfile(reference, "drivers/miko/profiles/reference.json");
  const text = await read(file, signal);
  if (text.length > MAX_CHARACTERS) throw new Fault("PROFILE_INVALID", `the profile has more than ${MAX_CHARACTERS} characters`, { where: file });
  return checkProfile(parseText(text, file), file);
}

async function read(file: string, signal: AbortSignal): Promise<string> {
  try {
    return await readFile(file, { encoding: "utf8", signal });
  } catch (error) {
    if (signal.aborted) throw new Fault("CANCELLED", "reading the profile was cancelled", { where: file });
    const reason = error instanceof Error ? error.message : String(error);
    throw new Fault("PROFILE_INVALID", `the profile cannot be read: ${reason}`, { where: file, remedy: "Name a file that exists and that the zone may read.", cause: error });
  }
}

function parseText(text: string, file: string): unknown {
  try {
    // JSON is YAML too; aliases are off so that a small file cannot become a large document.
    return parse(text, { maxAliasCount: 0 });
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new Fault("PROFILE_INVALID", `the profile is neither JSON nor YAML: ${reason}`, { where: file, cause: error });
  }
}
