// The HTTP framework as the page uses it: every way in which it can refuse or fail ends in a problem answer of ours.

import Fastify from "fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { asFault, Fault, isFault } from "../../../drivers/contract/fault.ts";
import { DEFAULT_BODY_LIMIT } from "../../conduit/route.ts";
import { errorCode } from "../../runtime/error-code.ts";
import type { Log } from "../../runtime/journal.ts";
import { readJsonBodies } from "./json-body.ts";
import { PROBLEM_TYPE, refusalOf, type Refusal } from "./problems.ts";

/** The key of an asset, each of its characters percent-encoded. */
const MOST_PARAMETER_LENGTH = 6144;

/** `otherMethods`: those by which an address is offered. */
export function makeApp(log: Log, otherMethods: (url: string) => readonly string[]): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: DEFAULT_BODY_LIMIT,
    exposeHeadRoutes: false,
    requestIdHeader: false,
    trustProxy: false,
    routerOptions: { maxParamLength: MOST_PARAMETER_LENGTH },
    frameworkErrors: (error, request, reply) => void sendRefusal(reply, refusalOfError(error, request, log)),
  });
  // Inputs are checked as a whole, where path, query and body meet (routes/read-input.ts).
  app.setValidatorCompiler(() => () => true);
  readJsonBodies(app);
  app.setErrorHandler((error, request, reply) => sendRefusal(reply, refusalOfError(error, request, log)));
  app.setNotFoundHandler((request, reply) => {
    const methods = otherMethods(request.url);
    if (methods.length === 0) return sendRefusal(reply, refusalOf(new Fault("NOT_FOUND", "there is nothing here")));
    return sendRefusal(reply.header("allow", methods.join(", ")), refusalOf(new Fault("NOT_SUPPORTED", "this is not offered by that method"), 405));
  });
  return app;
}

export function sendRefusal(reply: FastifyReply, { status, headers, problem }: Refusal): FastifyReply {
  // Bytes, since to a text the framework adds a charset, which this type does not have (RFC 9457 §6.1).
  return reply.code(status).headers(headers).type(PROBLEM_TYPE).send(Buffer.from(JSON.stringify(problem)));
}

const STATUS_WORDS: Readonly<Record<number, string>> = { 400: "the request is not well-formed", 413: "the body is longer than is taken here", 414: "the address is longer than is taken here", 415: "only application/json is taken" };

function refusalOfError(error: unknown, request: FastifyRequest, log: Log): Refusal {
  if (isFault(error) && error.code !== "DEFECT") return refusalOf(error);
  const status = typeof error === "object" && error !== null && "statusCode" in error && typeof error.statusCode === "number" ? error.statusCode : 500;
  // The framework's own refusals and those of its JSON parser; their words may repeat what was sent.
  if (status >= 400 && status < 500 && (errorCode(error)?.startsWith("FST_") === true || error instanceof SyntaxError)) {
    return refusalOf(new Fault("INPUT_INVALID", STATUS_WORDS[status] ?? "the request is not taken"), status);
  }
  const fault = isFault(error) ? error : asFault(error, request.routeOptions.url);
  log.error({ fault }, "a request met a defect");
  return refusalOf(fault);
}
