// An accepted entry as a machine that a zone reads: the same shape as one of the configuration.

import { driverChecks, driverSchemas } from "../../../drivers/schemas.ts";
import { asFault } from "../../../drivers/contract/fault.ts";
import type { AssetSettings } from "../../config/assets-section.ts";
import { asJsonSchema } from "../../config/json-schema.ts";
import { resolve } from "../../config/resolve.ts";
import type { Entry } from "./entry.ts";

/** What is wrong with a machine's settings, with the key it concerns. */
export interface SettingsProblem {
  readonly field: string | null;
  readonly message: string;
}

export interface MadeMachine {
  /** Undefined where there are problems. */
  readonly machine: AssetSettings | undefined;
  readonly problems: readonly SettingsProblem[];
}

/** What of an entry becomes a machine. */
export interface MachineParts {
  readonly name: string;
  readonly segment: string | null;
  readonly driver: string | null;
  readonly url: string | null;
  /** Fingerprint of its certificate. */
  readonly pin: string | null;
  readonly credentials: Entry["credentials"];
  readonly equipment: Entry["equipment"];
}

/** The settings as the driver's schema completes and its check approves them. */
export function makeMachine({ name, segment, driver, url, pin, credentials, equipment }: MachineParts): MadeMachine {
  const schema = driver === null ? undefined : driverSchemas[driver];
  if (driver === null || schema === undefined) return refuse("driver", driver === null ? "no driver reads it." : `there is no driver "${driver}".`);
  const isEncrypted = url?.startsWith("https:") === true;
  const written = { url, ...(pin !== null && isEncrypted ? { tls: { pin } } : {}), ...(credentials === null ? {} : { credentials: { user: credentials.user, password: { secret: credentials.secret } } }) };
  const problems: SettingsProblem[] = [];
  const config = resolve(asJsonSchema(schema), written, [], ({ path, message }) => problems.push({ field: fieldOf(path[0]), message }));
  if (problems.length > 0) return { machine: undefined, problems };
  try {
    driverChecks[driver]?.(config, name);
  } catch (error) {
    const { message, remedy } = asFault(error);
    return refuse(isEncrypted && pin === null ? "pin" : "url", `${message}${remedy === undefined ? "" : ` ${remedy}`}`);
  }
  return { machine: { name, ...(segment === null ? {} : { segment }), equipment, driver, config }, problems };
}

export function partsOf({ name, facts, judged, credentials, equipment }: Entry): MachineParts {
  return { name: name ?? "", segment: judged?.segment ?? null, driver: facts.driver, url: judged?.url ?? null, pin: judged?.fingerprint ?? null, credentials, equipment };
}

function fieldOf(key: string | number | undefined): string | null {
  return key === "tls" ? "pin" : typeof key === "string" ? key : null;
}

function refuse(field: string, message: string): MadeMachine {
  return { machine: undefined, problems: [{ field, message }] };
}
