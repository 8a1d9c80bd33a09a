// Sends what a task brought as a file that a browser saves and never shows.

import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { InputOf } from "../../conduit/route.ts";
import type { taskRoutes } from "../../conduit/tasks.ts";
import type { Asked } from "./asked.ts";

/** What else it says it is, is bytes: a page that a machine wrote is not to be run in the gateway's name. */
const TYPES: readonly string[] = ["application/json", "application/zip", "application/gzip", "application/x-tar", "text/csv", "text/plain"];
const UNKNOWN_TYPE = "application/octet-stream";

/** Piece by piece, as the one who asked takes them. */
export async function sendResult({ route, input, reply, parts, asker, signal }: Asked): Promise<FastifyReply> {
  const first = input as InputOf<typeof taskRoutes.taskResult>;
  const options = route.mayTakeMs === undefined ? { signal } : { signal, mayTakeMs: route.mayTakeMs };
  const ask = (offset: number) => parts.calls.call("taskResult", { ...first, offset }, asker, options);
  const { head, body } = await ask(0);
  async function* pieces(): AsyncIterable<Uint8Array> {
    let piece = body;
    for (let sent = 0; sent < head.bytes && piece.length > 0; ) {
      yield piece;
      sent += piece.length;
      if (sent < head.bytes) ({ body: piece } = await ask(sent));
    }
  }
  return reply
    .type(TYPES.includes(head.type) ? head.type : UNKNOWN_TYPE)
    .header("content-disposition", dispositionOf(head.name))
    .header("content-length", head.bytes)
    .send(Readable.from(pieces()));
}

/** RFC 6266: a plain name for every client and the true one beside it (RFC 8187). No path, no quote, no control character gets through. */
export function dispositionOf(name: string): string {
  const bare = (name.split(/[/\\]/).at(-1) ?? "").replace(/^\.+/, "") || "download";
  const plain = bare.replace(/[^A-Za-z0-9._ -]/g, "_");
  const encoded = encodeURIComponent(bare.toWellFormed()).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
