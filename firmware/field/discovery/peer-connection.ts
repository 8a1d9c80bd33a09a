// A connection to what was found: plain or TLS without any check, of which only the certificates that were shown are kept.

import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { X509Certificate } from "node:crypto";
import { Fault } from "../../../drivers/contract/fault.ts";
import { hostOf } from "../../protocol/firewall/addresses.ts";
import { errorCode } from "../../runtime/error-code.ts";

export interface PeerConnection {
  readonly socket: Socket;
  /** DER in base64, its own first, at most four; empty without TLS. The peer holds the key of the first. */
  readonly certificates: readonly string[];
}

const MAX_CERTIFICATES = 4;
/** What the source conduit takes of one. */
const MAX_BASE64 = 8192;

/** Resolves when the connection stands, with TLS when the handshake is done. Throws PEER_UNREACHABLE, PEER_CLOSED, PEER_PROTOCOL, PEER_LIMIT or CANCELLED; then nothing is open. */
export function connectToFound(url: URL, signal: AbortSignal): Promise<PeerConnection> {
  const isTls = url.protocol === "https:";
  const address = { host: hostOf(url.href) ?? "", port: Number(url.port === "" ? (isTls ? 443 : 80) : url.port) };
  const { promise, resolve, reject } = Promise.withResolvers<PeerConnection>();
  if (signal.aborted) return Promise.reject(new Fault("CANCELLED", "the connection was cancelled", { where: url.host }));
  // Who it is decides a person or a rule in core, by the certificate: here nobody is trusted, and nothing secret is sent.
  const socket = isTls ? connectTls({ ...address, rejectUnauthorized: false, minVersion: "TLSv1.2" }) : connectPlain(address);
  const fail = (fault: Fault): void => {
    settle();
    socket.destroy();
    reject(fault);
  };
  const onError = (error: Error): void => fail(faultOf(error, url));
  const onClose = (): void => fail(new Fault("PEER_CLOSED", "it closes the connection while that is set up", { where: url.host }));
  const onAbort = (): void => fail(new Fault("PEER_TIMEOUT", "no connection in time", { where: url.host, remedy: "Is it switched on, and its port one of `inspectPorts` in `network.field`?" }));
  const settle = (): void => {
    signal.removeEventListener("abort", onAbort);
    socket.off("error", onError).off("close", onClose);
    // A late error of a socket nobody listens to would end the process.
    socket.on("error", () => undefined);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  socket.on("error", onError).on("close", onClose);
  socket.once(isTls ? "secureConnect" : "connect", () => {
    const certificates = isTls ? chainOf(socket as TLSSocket) : [];
    if (certificates === undefined) return fail(new Fault("PEER_LIMIT", "its certificate is larger than any that is read", { where: url.host }));
    settle();
    resolve({ socket, certificates });
  });
  return promise;
}

/** Undefined where the first is too large; an authority that is too large, or comes round again, ends the chain. */
function chainOf(socket: TLSSocket): readonly string[] | undefined {
  const chain: string[] = [];
  let certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
  while (certificate !== undefined && chain.length < MAX_CERTIFICATES) {
    const text = certificate.raw.toString("base64");
    if (text.length > MAX_BASE64 || chain.includes(text)) break;
    chain.push(text);
    certificate = certificate.issuerCertificate;
  }
  return chain.length === 0 ? undefined : chain;
}

function faultOf(error: Error, url: URL): Fault {
  const code = errorCode(error) ?? error.message.slice(0, 200);
  if (/^ERR_SSL|^EPROTO|^ERR_TLS/.test(code)) return new Fault("PEER_PROTOCOL", `it does not speak TLS here (${code})`, { where: url.host, cause: error });
  return new Fault("PEER_UNREACHABLE", `no connection (${code})`, { where: url.host, remedy: "Is it switched on, and its port one of `inspectPorts` in `network.field`?", cause: error });
}
