// A connection to a machine: plain or TLS, and with TLS only to the certificate that the configuration names.

import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Clock } from "../contract/clock.ts";
import { Fault } from "../contract/fault.ts";

/** What a certificate is checked against. */
export type Trust = { readonly pin: string } | { readonly ca: string };

export interface Peer {
  readonly host: string;
  readonly port: number;
  /** TLS where given, plain TCP where not. */
  readonly trust?: Trust;
}

/**
 * Resolves with a connected and checked socket that the caller closes. Nothing is sent to a peer that failed the check. Throws
 * PEER_UNREACHABLE, PEER_TIMEOUT, CERTIFICATE_REFUSED or CANCELLED, naming the peer; then nothing is left open.
 */
export function connectPeer(peer: Peer, timeoutMs: number, clock: Clock, signal: AbortSignal): Promise<Socket> {
  const where = writeAddress(peer);
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(cancelled(where));
    const socket = openSocket(peer);
    const fail = (fault: Fault): void => {
      settle();
      socket.destroy();
      reject(fault);
    };
    const onAbort = (): void => fail(cancelled(where));
    const onError = (error: Error): void => fail(faultOfConnecting(error, peer));
    const onClose = (): void => fail(new Fault("PEER_CLOSED", "the machine closed the connection while it was set up", { where }));
    const stopTimer = clock.after(timeoutMs, () => fail(new Fault("PEER_TIMEOUT", `no connection within ${timeoutMs} ms`, { where, remedy: "Is the machine switched on and reachable?" })));
    const settle = (): void => {
      stopTimer();
      signal.removeEventListener("abort", onAbort);
      socket.off("error", onError).off("close", onClose);
      // A late error of a socket nobody listens to would end the process.
      socket.on("error", () => undefined);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("error", onError).on("close", onClose);
    socket.once(peer.trust === undefined ? "connect" : "secureConnect", () => {
      const refused = peer.trust === undefined ? undefined : refusePin(socket as TLSSocket, peer.trust, where);
      if (refused !== undefined) return fail(refused);
      settle();
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

export function writeAddress({ host, port }: Peer): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function openSocket({ host, port, trust }: Peer): Socket {
  if (trust === undefined) return connectPlain({ host, port });
  // A pin is a trust decision of its own: neither the chain nor the validity dates (no clock may be right) count beside it.
  if ("pin" in trust) return connectTls({ host, port, rejectUnauthorized: false, minVersion: "TLSv1.2" });
  return connectTls({ host, port, ca: trust.ca, rejectUnauthorized: true, minVersion: "TLSv1.2" });
}

function refusePin(socket: TLSSocket, trust: Trust, where: string): Fault | undefined {
  if (!("pin" in trust)) return undefined;
  const expected = plain(trust.pin);
  const found = plain(socket.getPeerCertificate().fingerprint256 ?? "");
  if (found === expected) return undefined;
  return new Fault("CERTIFICATE_REFUSED", `the machine shows another certificate: expected SHA-256 ${expected}, found ${found === "" ? "none" : found}`, {
    where,
    remedy: "If the machine got a new certificate, compare the fingerprint on its display and write it as `tls.pin`.",
  });
}

function plain(fingerprint: string): string {
  return fingerprint.replaceAll(":", "").toLowerCase();
}

function faultOfConnecting(error: Error & { code?: string; reason?: string }, peer: Peer): Fault {
  const where = writeAddress(peer);
  const code = error.code ?? "";
  if (peer.trust !== undefined && /CERT|ALTNAME|SIGNED|VERIFY|ISSUER|DEPTH_ZERO/.test(code)) {
    return new Fault("CERTIFICATE_REFUSED", `expected a certificate of the configured CA for ${peer.host}, found: ${error.message} (${code})`, {
      where,
      remedy: "Give the machine a certificate of that CA with its IP address as subject alternative name, or use `tls.pin`.",
      cause: error,
    });
  }
  if (/^ERR_SSL|^EPROTO/.test(code)) return new Fault("PEER_PROTOCOL", `the machine does not speak TLS here (${code})`, { where, cause: error });
  return new Fault("PEER_UNREACHABLE", `no connection (${code === "" ? error.message : code})`, { where, remedy: "Is the machine switched on and reachable?", cause: error });
}

function cancelled(where: string): Fault {
  return new Fault("CANCELLED", "the connection was cancelled", { where });
}
