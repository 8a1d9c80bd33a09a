// The closed table of condition codes, each with its severity, and the shape of a condition's texts.

export const LANGUAGES = ["en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];

export type Severity = "info" | "warning" | "error";

/** What a person at the gateway must know. `{subject}` and `{detail}` are filled in for each case. */
export interface ConditionText {
  readonly title: string;
  readonly cause: string;
  readonly effect: string;
  readonly remedy: string;
}

/** The code fixes the severity. `error`: something accepted or expected does not happen; `warning`: it will, unless somebody acts; `info`: it passes by itself. */
export const SEVERITY_OF = {
  OUTBOX_SET_ASIDE: "error",
  OUTBOX_RECOVERING: "info",
  OUTBOX_DROPPING: "error",
  STORAGE_FULL: "error",
  WAL_HELD: "warning",
  STATE_SET_ASIDE: "warning",
  AUDIT_SET_ASIDE: "error",
  AUDIT_CHAIN_BROKEN: "error",
  AUDIT_NOT_WRITTEN: "error",
  AUDIT_ROLLED_BACK: "error",
  AUDIT_ON_RESERVE: "warning",
  AUDIT_NOT_EXPORTED: "error",
  VAULT_SET_ASIDE: "error",
  VAULT_KEY_UNUSABLE: "error",
  SECRET_UNREADABLE: "error",
  SECRET_MISSING: "error",
  MACHINE_CA_UNUSABLE: "error",
  MACHINE_CA_REPLACED: "warning",
  INGEST_ADDRESS_UNNAMED: "warning",
  CONFIG_BROKEN: "error",
  CONFIG_NEEDS_RESTART: "warning",
  ASSET_LOST: "error",
  ASSET_DENIED: "error",
  ASSET_MISCONFIGURED: "error",
  ASSET_STOPPED: "error",
  ASSET_CHANGED: "warning",
  ASSET_TWICE: "warning",
  ASSETS_PENDING: "info",
  ASSET_SUSPENDED: "error",
  ASSET_IMPOSTOR: "warning",
  FOUND_TOO_MANY: "warning",
  PUBLISH_URL_REFUSED: "warning",
  ASSET_ADVISORY: "warning",
  PAYLOADS_QUARANTINED: "warning",
  CLOUD_LOST: "error",
  CLOUD_REFUSED: "error",
  CLOUD_MISCONFIGURED: "error",
  CLOUD_STOPPED: "error",
  CLOUD_NAME_LEADS_INWARDS: "error",
  CLOUD_NAME_UNRESOLVED: "warning",
  CLOUD_DOCUMENT_REFUSED: "warning",
  READINGS_REJECTED: "error",
  DIRECTORY_LOST: "warning",
  SYSLOG_LOST: "warning",
  ZONE_CRASH_LOOP: "error",
  ZONE_NOT_STARTED: "error",
  DETECTION_GATEWAY_ADDRESS_CLAIMED: "error",
  DETECTION_ADDRESS_CONTESTED: "error",
  DETECTION_DISCOVERY_FORGED: "error",
  DETECTION_ZONE_OUTWARDS: "error",
  DETECTION_SCAN: "warning",
  DETECTION_CALLS_OUTWARDS: "warning",
  DETECTION_TOO_MANY_SOURCES: "warning",
  DETECTION_FLOOD: "warning",
  DETECTION_FALSE_SOURCE: "warning",
  DETECTION_ADDRESS_CHANGED: "warning",
  DETECTION_NEW_DEVICE: "info",
  DETECTION_DEVICE_MOVED: "info",
  DETECTION_DENIED: "info",
  NETWORK_ON_TRIAL: "warning",
  NETWORK_CHANGE_RETURNED: "error",
  FIREWALL_NOT_APPLIED: "error",
  INGEST_PLAIN: "warning",
  INGEST_CLOSED: "error",
  INGEST_FULL: "warning",
  INGEST_REFUSED: "warning",
  PEER_FAULTY: "warning",
  TASK_AWAITS_CONSENT: "info",
  PAGE_NOT_SERVED: "error",
  PAGE_CERTIFICATE_ENDS: "warning",
  PAGE_CERTIFICATE_OVER: "error",
  PAGE_NAME_UNNAMED: "warning",
} as const satisfies Record<string, Severity>;

export type ConditionCode = keyof typeof SEVERITY_OF;
export type DetectionCode = Extract<ConditionCode, `DETECTION_${string}`>;
export type PageCode = Extract<ConditionCode, `PAGE_${string}`>;
export type IngestCode = "INGEST_PLAIN" | "INGEST_CLOSED" | "INGEST_FULL" | "INGEST_REFUSED" | "PEER_FAULTY";
export const CONDITION_CODES = Object.keys(SEVERITY_OF) as readonly ConditionCode[];

export function isConditionCode(code: string): code is ConditionCode {
  return Object.hasOwn(SEVERITY_OF, code);
}
