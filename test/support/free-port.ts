// A port number for a program that cannot be told to listen on port 0.

import { once } from "node:events";
import { createServer } from "node:net";

/** A TCP port that was free on 127.0.0.1 a moment ago. Another process may take it first: prefer port 0 wherever it is possible. */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
  return address.port;
}
