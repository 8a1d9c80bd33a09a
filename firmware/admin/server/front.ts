// The first look at a request, before anything is routed: the headers of its answer, the host it is for, and whether it is well-formed.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { PageSettings } from "../../conduit/admin.ts";
import { PROBLEM_TYPE, refusalOf } from "./problems.ts";
import { isOwnHost, requestedHost } from "./requested-host.ts";
import { securityHeaders } from "./security-headers.ts";

export interface FrontParts {
  readonly clock: Clock;
  readonly settings: () => PageSettings;
  /** Takes what is well-formed and for us. */
  readonly route: (request: IncomingMessage, response: ServerResponse) => void;
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const WITH_BODY: readonly string[] = ["POST", "PUT", "PATCH"];
/** For an answer to reach whoever still sends; then the connection goes with all that was not read. */
const LINGER_MS = 500;

export function makeFront(parts: FrontParts): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const { names, isTrusted } = parts.settings();
    const host = requestedHost(request);
    const isOwn = host !== undefined && isOwnHost(host, names);
    for (const [name, value] of Object.entries(securityHeaders(isTrusted, isOwn ? host : undefined))) response.setHeader(name, value);
    response.once("finish", () => endUnread(request, parts.clock));
    const [status, fault] = findFlaw(request, host !== undefined, isOwn) ?? [];
    if (fault === undefined) parts.route(request, response);
    else refuse(response, fault, status);
  };
}

function findFlaw({ headers, method = "", url = "" }: IncomingMessage, hasHost: boolean, isOwn: boolean): readonly [status: number, fault: Fault] | undefined {
  const invalid = (message: string, status = 400): readonly [number, Fault] => [status, new Fault("INPUT_INVALID", message)];
  if (!hasHost) return invalid("the request does not name one host");
  // RFC 9110 §15.5.20.
  if (!isOwn) return [421, new Fault("ADDRESS_REFUSED", "this is not the host that was asked for", { remedy: "Use a name or an address of the gateway; more of them can be named under `page.names`." })];
  // A proxy's form, which would name a second host.
  if (!url.startsWith("/")) return invalid("the request's target is not a path");
  if (!METHODS.includes(method)) return [405, new Fault("NOT_SUPPORTED", "this method is not offered")];
  const hasBody = headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
  if (hasBody && !WITH_BODY.includes(method)) return invalid(`a ${method} has no body`);
  return undefined;
}

function refuse(response: ServerResponse, fault: Fault, status: number | undefined): void {
  const { problem, headers, status: final } = refusalOf(fault, status);
  const body = JSON.stringify(problem);
  const allow = final === 405 ? { allow: METHODS.join(", ") } : {};
  response.writeHead(final, { ...headers, ...allow, "content-type": PROBLEM_TYPE, "content-length": Buffer.byteLength(body), connection: "close" });
  response.end(body);
}

/** What was answered before all of it came is not read to its end: a gigabyte would be taken and thrown away. */
function endUnread(request: IncomingMessage, clock: Clock): void {
  if (request.complete) return;
  const { socket } = request;
  request.pause();
  socket.end();
  const cancel = clock.after(LINGER_MS, () => socket.destroy());
  socket.once("close", cancel);
}
