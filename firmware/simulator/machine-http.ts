// The Request interface of a simulated machine: docs/miko-profile.md over plain HTTP, errors as RFC 9457 problem details.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { decodeId } from "../../drivers/contract/identity.ts";

/** What one request is answered with. `json` is JSON text; absent for 204. */
export interface Answer {
  readonly status: number;
  readonly json?: string;
}

export interface RequestInterface {
  identification(): string;
  points(): string;
  /** JSON text of the present value; undefined for an unknown point. */
  point(id: string): string | undefined;
  /** Takes a written value. Answers 204, 403, 404 or 422. */
  write(id: string, body: unknown): Answer;
  /** JSON text of the events after this id; all that are kept where the id is absent or no longer known. */
  events(after: string | undefined): string;
  publish(): string;
}

const bodyLimit = 16_384;

/** A problem document (RFC 9457) with what went wrong in `detail`. */
export function problem(status: number, title: string, detail: string): Answer {
  return { status, json: JSON.stringify({ type: "about:blank", title, status, detail }) };
}

/** A server that is not yet listening. */
export function makeRequestServer(machine: RequestInterface): Server {
  return createServer((request, response) => {
    void answer(machine, request).then((given) => send(response, given));
  });
}

function send(response: ServerResponse, { status, json }: Answer): void {
  if (json === undefined) return void response.writeHead(status).end();
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(json) }).end(json);
}

async function answer(machine: RequestInterface, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? "/", "http://machine");
  const [, resource = "", id, ...rest] = url.pathname.split("/");
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (rest.length > 0 || (id !== undefined && resource !== "points")) return problem(404, "Not Found", `There is no resource ${url.pathname}.`);
  if (id !== undefined) return isRead || request.method === "PUT" ? answerPoint(machine, request, decodePath(id)) : notAllowed(request);
  if (!isRead) return notAllowed(request);
  switch (resource) {
    case "identification":
      return { status: 200, json: machine.identification() };
    case "points":
      return { status: 200, json: machine.points() };
    case "events":
      return { status: 200, json: machine.events(url.searchParams.get("after") ?? undefined) };
    case "publish":
      return { status: 200, json: machine.publish() };
    default:
      return problem(404, "Not Found", `There is no resource ${url.pathname}.`);
  }
}

function notAllowed(request: IncomingMessage): Answer {
  return problem(405, "Method Not Allowed", `${request.method ?? "?"} is not possible here.`);
}

async function answerPoint(machine: RequestInterface, request: IncomingMessage, id: string): Promise<Answer> {
  const present = machine.point(id);
  if (present === undefined) return problem(404, "Not Found", `There is no point ${id}.`);
  if (request.method !== "PUT") return { status: 200, json: present };
  const body = await readJson(request);
  return body === undefined ? problem(400, "Bad Request", 'The body is not {"value": …}.') : machine.write(id, body.value);
}

async function readJson(request: IncomingMessage): Promise<{ readonly value: unknown } | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyLimit) return undefined;
    chunks.push(chunk);
  }
  try {
    const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    return typeof parsed === "object" && parsed !== null && "value" in parsed ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function decodePath(segment: string): string {
  try {
    return decodeId(segment);
  } catch {
    return segment;
  }
}
