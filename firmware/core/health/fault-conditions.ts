// Turns the faults that field and cloud report into conditions.

import type { FaultReport } from "../../../drivers/contract/fault.ts";
import type { ConditionCode } from "./condition-codes.ts";

export interface Raised {
  readonly code: ConditionCode;
  readonly detail: string;
}

type LinkState = "connecting" | "connected" | "lost" | "stopped";

/** What can be wrong with the connection to a machine: at most one at a time. */
export const ASSET_LINK_CODES = ["ASSET_LOST", "ASSET_DENIED", "ASSET_MISCONFIGURED", "ASSET_STOPPED"] as const satisfies readonly ConditionCode[];
/** What is known of a machine whose connection works all the same. */
export const ASSET_ADVISORY_CODES = ["PUBLISH_URL_REFUSED", "ASSET_ADVISORY"] as const satisfies readonly ConditionCode[];
/** All that can be said of a machine by the name it has in the configuration; gone with it. */
export const ASSET_CODES = [...ASSET_LINK_CODES, ...ASSET_ADVISORY_CODES, "ASSET_CHANGED", "ASSET_TWICE"] as const satisfies readonly ConditionCode[];
export const CLOUD_LINK_CODES = ["CLOUD_LOST", "CLOUD_REFUSED", "CLOUD_MISCONFIGURED", "CLOUD_STOPPED"] as const satisfies readonly ConditionCode[];
/** What is known of the names that the configuration has for the cloud. */
export const CLOUD_NAME_CODES = ["CLOUD_NAME_LEADS_INWARDS", "CLOUD_NAME_UNRESOLVED"] as const satisfies readonly ConditionCode[];

/** The condition of a machine's link; undefined when it is connected. `connecting` without a fault says nothing new: keep what stands. */
export function assetLinkCondition(state: LinkState, fault: FaultReport | undefined): Raised | undefined | "keep" {
  if (state === "connected") return undefined;
  if (state === "connecting" && fault === undefined) return "keep";
  const detail = wordsOf(fault, state);
  switch (fault?.kind) {
    case "denied":
      return { code: "ASSET_DENIED", detail };
    case "config":
      return { code: "ASSET_MISCONFIGURED", detail };
    case "defect":
    case "permanent":
      return { code: state === "stopped" ? "ASSET_STOPPED" : "ASSET_LOST", detail };
    default:
      return { code: "ASSET_LOST", detail };
  }
}

/** A fault that ended nothing. */
export function assetAdvisory(fault: FaultReport): Raised {
  return { code: fault.code === "ADDRESS_REFUSED" ? "PUBLISH_URL_REFUSED" : "ASSET_ADVISORY", detail: wordsOf(fault, "connected") };
}

/** The condition of the cloud link, as `assetLinkCondition`. A link that is stopped without a fault was not asked for. */
export function cloudLinkCondition(state: LinkState, fault: FaultReport | undefined): Raised | undefined | "keep" {
  if (state === "connected" || (state === "stopped" && fault === undefined)) return undefined;
  if (state === "connecting" && fault === undefined) return "keep";
  const detail = wordsOf(fault, state);
  switch (fault?.kind) {
    case "denied":
      return { code: "CLOUD_REFUSED", detail };
    case "config":
      return { code: "CLOUD_MISCONFIGURED", detail };
    case "defect":
    case "permanent":
      return { code: state === "stopped" ? "CLOUD_STOPPED" : "CLOUD_LOST", detail };
    default:
      return { code: "CLOUD_LOST", detail };
  }
}

/** Place, message and remedy of the fault, as `Fault.toString` writes them. */
export function wordsOf(fault: FaultReport | undefined, state: LinkState): string {
  if (fault === undefined) return state === "stopped" ? "the connection was stopped" : "the connection was lost";
  const place = fault.where === undefined ? "" : `${fault.where}: `;
  return `${place}${fault.message}${fault.remedy === undefined ? "" : ` ${fault.remedy}`}`;
}
