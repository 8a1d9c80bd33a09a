// Where a conduit's server listens: on the socket that systemd hands over, or on its own file.

import { once } from "node:events";
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import type { FastifyInstance } from "fastify";
import { Fault } from "../../drivers/contract/fault.ts";
import { conduitName, prepareRunFolder } from "./conduit-path.ts";
import { errorCode } from "./error-code.ts";

/** SD_LISTEN_FDS_START of sd_listen_fds(3). */
const FIRST_FD = 3;

/** The descriptor that systemd passes to this very process under the conduit's name (sd_listen_fds(3)); undefined when there is none. */
export function handedOverSocket(name: string, environment: Readonly<Record<string, string | undefined>>, pid: number): number | undefined {
  if (environment["LISTEN_PID"] !== String(pid)) return undefined;
  const count = Number(environment["LISTEN_FDS"]);
  if (!Number.isInteger(count)) return undefined;
  const index = (environment["LISTEN_FDNAMES"] ?? "").split(":").indexOf(name);
  return index < 0 || index >= count ? undefined : FIRST_FD + index;
}

/** Listens. A stale socket file is removed; a live one is a CONFIG_INVALID that names it. The file is for its owner only (0600). */
export async function listenOn(app: FastifyInstance, socket: string): Promise<void> {
  const fd = handedOverSocket(conduitName(socket), process.env, process.pid);
  if (fd !== undefined) {
    // Past fastify's own listen, which wants to know an address that a descriptor does not have.
    await app.ready();
    app.server.listen({ fd });
    await once(app.server, "listening");
    return;
  }
  prepareRunFolder(socket);
  await removeStale(socket);
  await app.listen({ path: socket });
  chmodSync(socket, 0o600);
}

async function removeStale(socket: string): Promise<void> {
  const found = lstatSync(socket, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Fault("CONFIG_INVALID", "a file that is no socket lies where a conduit's socket belongs", { where: socket, remedy: "Move it away." });
  if (await isAnswered(socket)) {
    throw new Fault("CONFIG_INVALID", "another process already serves this conduit", { where: socket, remedy: "Stop the other `weir start` on this data directory, or name another with --data." });
  }
  unlinkSync(socket);
}

async function isAnswered(socket: string): Promise<boolean> {
  const probe = connect(socket);
  try {
    await once(probe, "connect");
    return true;
  } catch (error) {
    // EAGAIN: a full queue of callers, so somebody listens.
    return errorCode(error) === "EAGAIN";
  } finally {
    probe.destroy();
  }
}
