// A fault on the wire of a conduit: RFC 9457 problem details with our code, both ways.

import { FAULT_CODES, Fault } from "../../drivers/contract/fault.ts";
import type { FaultCode } from "../../drivers/contract/fault.ts";

export const PROBLEM_TYPE = "application/problem+json";

/** 503 means one thing only: come again with the same number. The server's end cancels what runs, so CANCELLED is a 503 too. */
export const AWAY_STATUS = 503;

const STATUS_OF: Readonly<Partial<Record<FaultCode, number>>> = {
  INPUT_INVALID: 400,
  CONFIG_INVALID: 422,
  PROFILE_INVALID: 422,
  SECRET_MISSING: 424,
  ADDRESS_REFUSED: 403,
  CREDENTIALS_REFUSED: 401,
  ACCESS_DENIED: 403,
  SESSION_REQUIRED: 401,
  REAUTHENTICATION_REQUIRED: 403,
  CHANGED_MEANWHILE: 409,
  CERTIFICATE_REFUSED: 403,
  IDENTITY_CHANGED: 409,
  NOT_FOUND: 404,
  NOT_SUPPORTED: 501,
  PEER_LIMIT: 429,
  PEER_OVERLOADED: 429,
  PEER_TIMEOUT: 504,
  PEER_UNREACHABLE: 502,
  PEER_CLOSED: 502,
  PEER_PROTOCOL: 502,
  STORAGE_FULL: 507,
  STORAGE_BUSY: 423,
  CONDUIT_UNAVAILABLE: AWAY_STATUS,
  CANCELLED: AWAY_STATUS,
};

export function statusOf(code: FaultCode): number {
  return STATUS_OF[code] ?? 500;
}

export interface Problem {
  readonly type: "about:blank";
  readonly title: FaultCode;
  readonly status: number;
  readonly detail: string;
  readonly code: FaultCode;
  readonly message: string;
  readonly where?: string;
  readonly remedy?: string;
}

/** Without stack and cause: those stay in the journal of the side that knows them. */
export function writeProblem(fault: Fault, status: number = statusOf(fault.code)): Problem {
  const { code, message, where, remedy } = fault;
  const place = { ...(where === undefined ? {} : { where }), ...(remedy === undefined ? {} : { remedy }) };
  return { type: "about:blank", title: code, status, detail: message, code, message, ...place };
}

/** The fault that a problem answer tells of; an answer that is none is a CONDUIT_UNAVAILABLE for 503 and a DEFECT else. */
export function readProblem(status: number, text: string, where: string): Fault {
  const problem = parseObject(text);
  const code = FAULT_CODES.find((known) => known === problem["code"]);
  if (code === undefined) {
    if (status === AWAY_STATUS) return new Fault("CONDUIT_UNAVAILABLE", "the other side of the conduit is going down", { where });
    return new Fault("DEFECT", `the conduit answered with status ${status} and no problem that is known`, { where });
  }
  const { message, remedy } = problem;
  const place = typeof problem["where"] === "string" ? problem["where"] : where;
  return new Fault(code, typeof message === "string" ? message : `status ${status}`, { where: place, ...(typeof remedy === "string" ? { remedy } : {}) });
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}
