// The one error class of Weir: a closed table of codes, and the code fixes what the supervisor does about it.

/** What the one who catches a fault does: retry, stop and ask a person, stop and report, refuse and audit, restart. */
export type FaultKind = "config" | "transient" | "permanent" | "denied" | "defect";

const KIND_OF = {
  CONFIG_INVALID: "config",
  PROFILE_INVALID: "config",
  SECRET_MISSING: "config",
  ADDRESS_REFUSED: "config",
  INPUT_INVALID: "config",
  CHANGED_MEANWHILE: "config",
  PEER_UNREACHABLE: "transient",
  PEER_TIMEOUT: "transient",
  PEER_CLOSED: "transient",
  PEER_OVERLOADED: "transient",
  CONDUIT_UNAVAILABLE: "transient",
  STORAGE_FULL: "transient",
  STORAGE_BUSY: "transient",
  CANCELLED: "transient",
  PEER_PROTOCOL: "transient",
  PEER_LIMIT: "transient",
  STORAGE_DAMAGED: "permanent",
  NOT_FOUND: "permanent",
  NOT_SUPPORTED: "permanent",
  CERTIFICATE_REFUSED: "denied",
  CREDENTIALS_REFUSED: "denied",
  ACCESS_DENIED: "denied",
  SESSION_REQUIRED: "denied",
  REAUTHENTICATION_REQUIRED: "denied",
  IDENTITY_CHANGED: "denied",
  DEFECT: "defect",
} as const satisfies Record<string, FaultKind>;

export type FaultCode = keyof typeof KIND_OF;

export const FAULT_CODES = Object.keys(KIND_OF) as readonly FaultCode[];

export interface FaultDetail {
  /** Where it happened: `file:line:column`, an asset, a point, an address. */
  readonly where?: string | undefined;
  /** What the reader can do about it, as a full sentence. */
  readonly remedy?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The whole operation failed. Thrown where nothing useful can be returned; items that fail one by one are returned as
 * data instead (a bad sample, a rejected verdict). `message` says what happened; `toString()` adds place and remedy.
 */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly where: string | undefined;
  readonly remedy: string | undefined;

  constructor(code: FaultCode, message: string, detail: FaultDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = "Fault";
    this.code = code;
    this.where = detail.where;
    this.remedy = detail.remedy;
  }

  get kind(): FaultKind {
    return KIND_OF[this.code];
  }

  override toString(): string {
    const place = this.where === undefined ? "" : `${this.where}: `;
    if (this.remedy === undefined) return `${place}${this.message}`;
    const stop = /[.!?]$/.test(this.message) ? "" : ".";
    return `${place}${this.message}${stop} ${this.remedy}`;
  }
}

export function isFault(error: unknown, ...codes: readonly FaultCode[]): error is Fault {
  return error instanceof Fault && (codes.length === 0 || codes.includes(error.code));
}

/** Any thrown thing as a Fault: a Fault stays itself, everything else is a defect of ours with the original as cause. */
export function asFault(error: unknown, where?: string): Fault {
  if (error instanceof Fault) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Fault("DEFECT", message, { where, cause: error });
}

/** What crosses a conduit or stands in a status: a fault without its stack. */
export interface FaultReport {
  readonly code: FaultCode;
  readonly kind: FaultKind;
  readonly message: string;
  readonly where?: string;
  readonly remedy?: string;
}

export function reportFault(fault: Fault): FaultReport {
  return {
    code: fault.code,
    kind: fault.kind,
    message: fault.message,
    ...(fault.where === undefined ? {} : { where: fault.where }),
    ...(fault.remedy === undefined ? {} : { remedy: fault.remedy }),
  };
}
