// What becomes of core's reply on its way to the one who asked.

import type { FastifyReply } from "fastify";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { loginRoutes } from "../../conduit/accounts.ts";
import type { adminConduit } from "../../conduit/admin.ts";
import type { InputOf, ReplyOf } from "../../conduit/route.ts";
import type { Operation } from "../server/core-calls.ts";
import { NO_SESSION_COOKIE, readBrowser, writeBrowserCookie, writeSessionCookie } from "../server/credentials.ts";
import { digest } from "../server/known-people.ts";
import { replySchemaOf, type Answer } from "./api-route.ts";
import type { Asked } from "./asked.ts";
import { sendResult } from "./download.ts";
import { drawCode } from "./code-picture.ts";

export const ANSWERS: Readonly<Record<Answer, (asked: Asked) => Promise<unknown>>> = {
  json: async (asked) => sendJson(asked, await askCore(asked)),
  session: openSession,
  renewed: renewSession,
  logout: async (asked) => {
    await askCore(asked);
    return sendJson({ ...asked, reply: asked.reply.header("set-cookie", NO_SESSION_COOKIE) }, {});
  },
  picture: async (asked) => {
    const secret = await askCore<"beginSecondFactor">(asked);
    return sendJson(asked, { ...secret, picture: drawCode(secret.uri) });
  },
  download: sendResult,
};

/** The operation of the row. What may wait goes beside what is quick. */
export async function askCore<Name extends Operation>({ route, input, parts, asker, signal }: Asked, more: object = {}): Promise<ReplyOf<(typeof adminConduit)[Name]>> {
  // Sound: `readInput` checked it by the schema of the row's own operation.
  const [name, whole] = [route.operation as Name, { ...input, ...more } as InputOf<(typeof adminConduit)[Name]>];
  const { mayTakeMs } = route;
  if (!("waitMs" in input) || input.waitMs === 0) return parts.calls.call(name, whole, asker, mayTakeMs === undefined ? { signal } : { signal, mayTakeMs });
  const release = parts.standing.take(asker.credentials.kind === "nobody" ? asker.source : digest(asker.credentials.bearer));
  if (release === undefined) throw new Fault("PEER_OVERLOADED", "too many requests of this session wait already", { remedy: "Use GET /api/v1/events, or wait for fewer of them." });
  try {
    return await parts.calls.poll(name, whole, asker, signal);
  } finally {
    release();
  }
}

function sendJson({ route, reply }: Pick<Asked, "route" | "reply">, answer: unknown): FastifyReply {
  if (replySchemaOf(route) === undefined) return reply.code(204).send();
  return reply.code(route.status ?? 200).type("application/json; charset=utf-8").send(JSON.stringify(answer));
}

/** A session that was there before is never taken over (session fixation): core made a new one, and the old one ends. */
async function openSession(asked: Asked): Promise<FastifyReply> {
  const { asker, parts, reply, request, route, signal } = asked;
  const browser = route.operation === "login" ? readBrowser(request.headers) : undefined;
  // Nobody asks for a session as somebody.
  const stranger: Asked = { ...asked, asker: { ...asker, credentials: { kind: "nobody" } } };
  const answer = await askCore<"login" | "claim">(stranger, browser === undefined ? {} : { browser });
  if (!("session" in answer)) return sendJson(asked, answer);
  parts.people.learn(answer.session, asker.source, answer.csrf);
  if (asker.credentials.kind === "session") await endFormer(asked, signal);
  const { csrf } = answer;
  return sendJson({ route, reply: reply.header("set-cookie", [writeSessionCookie(answer.session), writeBrowserCookie(answer.browser)]) }, { outcome: "session", csrf } satisfies SessionAnswer);
}

/** Core gave the session another text, so that one that was seen before opens nothing any more. */
async function renewSession(asked: Asked): Promise<FastifyReply> {
  const { asker, parts, reply, route } = asked;
  const { session, ...rest } = await askCore<"reauthenticate" | "changePassword" | "confirmSecondFactor">(asked);
  if (asker.credentials.kind === "session") parts.people.forget(asker.credentials.bearer);
  parts.people.learn(session, asker.source, rest.csrf);
  return sendJson({ route, reply: reply.header("set-cookie", writeSessionCookie(session)) }, rest);
}

type SessionAnswer = Pick<Extract<ReplyOf<(typeof loginRoutes)["login"]>, { outcome: "session" }>, "outcome" | "csrf">;

async function endFormer({ asker, parts }: Asked, signal: AbortSignal): Promise<void> {
  // It may have ended by itself; the new one stands either way.
  await parts.calls.call("logout", {}, asker, { signal }).catch(() => undefined);
  if (asker.credentials.kind === "session") parts.people.forget(asker.credentials.bearer);
}
