// A port number for a program that cannot be told to listen on port 0.

import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Below the range from which the kernel gives ports to outgoing connections (ip_local_port_range begins at 32768): one of those could take
 * a port while the program that has it restarts.
 */
const FIRST = 10_000;
const COUNT = 22_000;

/** Of `count` TCP ports in a row that were free on 127.0.0.1 a moment ago, the first. Prefer port 0 wherever it is possible. */
export async function findFreePort(count = 1): Promise<number> {
  for (;;) {
    const first = FIRST + Math.floor(Math.random() * (COUNT - count));
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (free.every(Boolean)) return first;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
