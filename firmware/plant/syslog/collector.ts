// One TLS connection to the collector.

import { connect, type TLSSocket } from "node:tls";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { SyslogSettings } from "../../config/plant-section.ts";
import { nameServerFault, tlsOptions, type ServerProof } from "../tls-settings.ts";

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
  const collector = new Collector(connect({ host: syslog.server, port: syslog.port, ...tlsOptions(proof) }), (error) => nameServerFault(error, "plant.syslog", proof, syslog.port), clock);
  const stop = (): void => collector.close();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  void collector.closed.then(() => signal.removeEventListener("abort", stop));
  await collector.opened;
  return collector;
}

export class Collector {
  /** Resolves when records can be written; rejects with the reason when it comes to nothing. */
  readonly opened: Promise<void>;
  /** Resolves, with the reason, when the connection has ended. */
  readonly closed: Promise<Fault>;
  readonly #socket: TLSSocket;
  readonly #clock: Clock;
  readonly #name: (error: Error) => Fault;
  readonly #waiting = new Set<(fault: Fault) => void>();
  readonly #end: (fault: Fault) => void;

  /** `name` gives the fault for an error of the socket. */
  constructor(socket: TLSSocket, name: (error: Error) => Fault, clock: Clock) {
    const closed = Promise.withResolvers<Fault>();
    const opened = Promise.withResolvers<void>();
    this.#socket = socket;
    this.#clock = clock;
    this.#name = name;
    const cancelLimit = clock.after(CONNECT_MS, () => this.#end(name(timeOut("time out"))));
    this.#end = (fault) => {
      cancelLimit();
      closed.resolve(fault);
      opened.reject(fault);
      for (const reject of this.#waiting) reject(fault);
      socket.destroy();
    };
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    // What a collector says is not syslog; it is read, so that its end is seen.
    socket.resume();
    socket.once("secureConnect", () => {
      cancelLimit();
      opened.resolve();
    });
    socket.on("error", (error) => this.#end(name(error)));
    socket.once("close", () => this.#end(name(new Error("closed"))));
    opened.promise.catch(() => undefined);
    this.opened = opened.promise;
    this.closed = closed.promise;
  }

  /** Resolves when the socket has taken it and has room for more. Rejects with a Fault when the connection ends before. */
  write(bytes: Buffer): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const cancel = this.#clock.after(STALLED_MS, () => this.#end(this.#name(timeOut("time out: nothing is taken any more"))));
    this.#waiting.add(reject);
    this.#socket.write(bytes, (error) => {
      if (error === undefined || error === null) resolve();
    });
    return promise.finally(() => {
      cancel();
      this.#waiting.delete(reject);
    });
  }

  close(): void {
    this.#end(new Fault("CANCELLED", "the connection was given up"));
  }
}

function timeOut(message: string): Error {
  return Object.assign(new Error(message), { code: "ETIMEDOUT" });
}
