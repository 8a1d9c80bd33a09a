// A small conduit for the tests: a query, a post and a route of raw bytes.

import Type from "typebox";

import { get, post, postForBytes } from "../../../firmware/conduit/route.ts";
import { openConduit } from "../../../firmware/runtime/conduit-client.ts";
import type { ConduitClient } from "../../../firmware/runtime/conduit-client.ts";
import { serveConduit } from "../../../firmware/runtime/conduit-server.ts";
import type { ConduitServer, Handlers } from "../../../firmware/runtime/conduit-server.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import type { Defer } from "../../support/attempt.ts";

const Nothing = Type.Object({}, { additionalProperties: false });
export const contract = {
  poll: get("/v1/poll", { input: Type.Object({ after: Type.Integer({ minimum: 0 }), waitMs: Type.Integer() }, { additionalProperties: false }), reply: Type.Object({ revision: Type.Integer() }) }),
  add: post("/v1/add", { input: Type.Object({ left: Type.Number(), right: Type.Number() }, { additionalProperties: false }), reply: Type.Object({ sum: Type.Number() }), bodyLimit: 1024 }),
  take: postForBytes("/v1/take", { input: Nothing, head: Type.Object({ name: Type.String() }) }),
} as const;

export function makeHandlers(changes: Partial<Handlers<typeof contract>> = {}): Handlers<typeof contract> {
  return {
    poll: async ({ after, waitMs }, { signal }) => {
      await systemClock.sleep(waitMs, signal);
      return { revision: after + 1 };
    },
    add: ({ left, right }) => ({ sum: left + right }),
    take: () => ({ head: { name: "Größe ✓" }, body: new Uint8Array([0, 255, 7]) }),
    ...changes,
  };
}

export async function serve(defer: Defer, socket: string, changes: Partial<Handlers<typeof contract>> = {}): Promise<ConduitServer> {
  const server = await serveConduit(contract, makeHandlers(changes), { socket, log: silentLog });
  defer(() => server.close());
  return server;
}

export function open(defer: Defer, socket: string): ConduitClient<typeof contract> {
  const client = openConduit(contract, { socket, clock: systemClock, epoch: "e-1", log: silentLog });
  defer(() => client.close());
  return client;
}
