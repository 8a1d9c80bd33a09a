// The listening that every scripted peer shares: a free loopback port, and an end that takes all connections with it.

import { once } from "node:events";
import type { Server, Socket } from "node:net";

export interface Listening {
  readonly port: number;
  /** Ends all connections and stops listening; may be called twice. */
  close(): Promise<void>;
}

/** Listens on 127.0.0.1, on a free port unless one is named. A connection that breaks is the peer's matter and throws nothing. */
export async function listenOnLoopback(server: Server, port = 0): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
  return {
    port: address.port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
