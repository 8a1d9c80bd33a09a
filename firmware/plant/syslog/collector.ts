// One TLS connection to the collector.

import { connect } from "node:tls";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { SyslogSettings } from "../../config/plant-section.ts";
import { nameServerFault, tlsOptions, type ServerProof } from "../tls-settings.ts";

export interface Collector {
  /** Resolves when the socket has taken it and has room for more. Rejects when the connection ends before. */
  write(bytes: Buffer): Promise<void>;
  /** Resolves, with the reason, when the connection has ended. */
  readonly closed: Promise<Fault>;
  close(): void;
}

export interface CollectorParts {
  readonly syslog: SyslogSettings;
  readonly secrets: Readonly<Record<string, string>>;
  readonly clock: Clock;
}

const CONNECT_MS = 15_000;
/** A collector that takes nothing for so long is as good as gone. */
const STALLED_MS = 60_000;
const KEEP_ALIVE_MS = 30_000;

/** Connected, the collector's certificate checked. Throws a Fault; leaves nothing open then. */
export async function openCollector({ syslog, secrets, clock }: CollectorParts, signal: AbortSignal): Promise<Collector> {
  const text = (reference: { readonly secret: string } | undefined): string | undefined => (reference === undefined ? undefined : secrets[reference.secret]);
  const proof: ServerProof = { host: syslog.server, serverName: syslog.serverName, ca: text(syslog.ca) ?? "", certificate: text(syslog.certificate), key: text(syslog.key) };
  const closed = Promise.withResolvers<Fault>();
  const opened = Promise.withResolvers<void>();
  const socket = connect({ host: syslog.server, port: syslog.port, ...tlsOptions(proof) });
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  // What a collector says is not syslog; it is read, so that its end is seen.
  socket.resume();
  const waiting = new Set<(fault: Fault) => void>();
  const end = (fault: Fault): void => {
    closed.resolve(fault);
    opened.reject(fault);
    for (const reject of waiting) reject(fault);
    socket.destroy();
  };
  socket.once("secureConnect", () => opened.resolve());
  socket.on("error", (error) => end(nameServerFault(error, "plant.syslog", proof, syslog.port)));
  socket.once("close", () => end(nameServerFault(new Error("closed"), "plant.syslog", proof, syslog.port)));
  const cancelLimit = clock.after(CONNECT_MS, () => end(nameServerFault(Object.assign(new Error("time out"), { code: "ETIMEDOUT" }), "plant.syslog", proof, syslog.port)));
  const stop = (): void => end(new Fault("CANCELLED", "the connection was given up"));
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  void closed.promise.then(() => signal.removeEventListener("abort", stop));
  try {
    await opened.promise;
  } finally {
    cancelLimit();
  }
  return {
    closed: closed.promise,
    close: stop,
    write: (bytes) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const cancel = clock.after(STALLED_MS, () => end(new Fault("PEER_TIMEOUT", "the collector takes nothing any more", { where: `plant.syslog ${syslog.server}:${syslog.port}`, remedy: "Check its disk and its load." })));
      waiting.add(reject);
      socket.write(bytes, (error) => {
        if (error === undefined || error === null) resolve();
      });
      return promise.finally(() => {
        cancel();
        waiting.delete(reject);
      });
    },
  };
}
