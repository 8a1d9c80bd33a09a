// One Weir per data directory: who holds it is known to the kernel, so that nothing is left behind by a crash.

import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, realpathSync } from "node:fs";
import { connect, createServer } from "node:net";
import { Fault } from "../../drivers/contract/fault.ts";
import { errorCode } from "./error-code.ts";

export interface InstanceLock {
  release(): Promise<void>;
}

/** Makes the directory (0700) where there is none. Throws CONFIG_INVALID naming the process that already runs on it. */
export async function holdDataDir(dataDir: string): Promise<InstanceLock> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const home = realpathSync(dataDir);
  const digest = createHash("sha256").update(home).digest("hex").slice(0, 32);
  // An abstract socket (unix(7)) is gone with its process, however that ends.
  const path = `\0weir-${process.getuid?.() ?? 0}-${digest}`;
  const server = createServer((peer) => peer.on("error", () => undefined).end(String(process.pid)));
  server.listen(path);
  try {
    await once(server, "listening");
  } catch (error) {
    if (errorCode(error) !== "EADDRINUSE") throw error;
    throw new Fault("CONFIG_INVALID", `Weir already runs on this data directory (process ${await askHolder(path)})`, { where: home, remedy: "Stop it first, or name another directory with --data." });
  }
  server.unref();
  return { release: async () => void (await new Promise((resolve) => server.close(resolve))) };
}

async function askHolder(path: string): Promise<string> {
  let text = "";
  try {
    const peer = connect(path);
    peer.setTimeout(500, () => peer.destroy());
    for await (const chunk of peer) text += String(chunk);
  } catch {
    // It is just going away; its number would help nobody.
  }
  return /^\d+$/.test(text) ? text : "unknown";
}
