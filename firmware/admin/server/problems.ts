// What is answered when something is refused or fails: RFC 9457, in words for the one who asked, without stack, path or secret (IEC 62443-4-2 CR 3.7).

import { STATUS_CODES } from "node:http";
import type { Fault, FaultCode } from "../../../drivers/contract/fault.ts";
import { AWAY_STATUS, PROBLEM_TYPE, statusOf } from "../../runtime/conduit-problem.ts";
import { redactText } from "../../runtime/redact.ts";

export { PROBLEM_TYPE };

export interface ApiProblem {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: FaultCode;
  /** What helps, where something does. */
  readonly remedy?: string;
  /** What it is about: a member of the input, a line of the configuration, an asset. */
  readonly where?: string;
}

/** The answer and the headers that belong to it. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly problem: ApiProblem;
}

const TOO_MANY_STATUS = 429;
/** RFC 9110 §11.6.1; browsers ask nobody for a password because of it. */
const CHALLENGE = 'Bearer realm="weir"';
const AGAIN_SECONDS = 5;

/** `status` where HTTP has a better word for it than the fault; `againSeconds` for what may be asked again then. */
export function refusalOf(fault: Fault, status: number = statusOf(fault.code), againSeconds: number = AGAIN_SECONDS): Refusal {
  const headers = {
    ...(status === 401 ? { "www-authenticate": CHALLENGE } : {}),
    ...(status === AWAY_STATUS || status === TOO_MANY_STATUS ? { "retry-after": String(Math.max(1, Math.ceil(againSeconds))) } : {}),
  };
  return { status, headers, problem: problemOf(fault, status) };
}

function problemOf({ code, message, remedy, where }: Fault, status: number): ApiProblem {
  const head = { type: "about:blank", title: STATUS_CODES[status] ?? "Error", status } as const;
  // What a defect says was written by nobody for anybody.
  if (code === "DEFECT") return { ...head, detail: "The gateway met a defect of its own.", code, remedy: "Its journal says more; ask the vendor's service." };
  return { ...head, detail: publicText(message), code, ...(remedy === undefined ? {} : { remedy: publicText(remedy) }), ...(where === undefined ? {} : { where: publicText(where) }) };
}

/** An absolute path of the gateway's file system: nobody outside needs to know more than its last part. */
const FILE_PATH = /(^|[\s"'(=,;])(?:\/[\w.@+-]+)+\/([\w.@+-]+)/g;

function publicText(text: string): string {
  return redactText(text).replace(FILE_PATH, "$1$2");
}
