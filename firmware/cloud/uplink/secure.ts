// Puts TLS on a connected stream: our CA, our certificate, the name that the broker's certificate must carry, TLS 1.2 at least.

import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect } from "node:tls";
import type { ConnectionOptions, DetailedPeerCertificate, TLSSocket } from "node:tls";
import { Fault } from "../../../drivers/contract/fault.ts";
import { nameTlsFault } from "./certificate-fault.ts";
import { runStage } from "./stage.ts";
import type { Stage } from "./stage.ts";
import type { Target, TlsMaterial } from "./target.ts";

/** The stream inside TLS, its peer checked; closing it closes `stream`. Throws CERTIFICATE_REFUSED and others; `stream` is then closed. */
export function secure(stream: Duplex, material: TlsMaterial, target: Target, stage: Stage): Promise<TLSSocket> {
  const where = target.address;
  const late = (): Fault => new Fault("PEER_TIMEOUT", `${target.host} does not finish the TLS handshake within ${stage.limitMs / 1000} s`, { where, remedy: "Check that TLS is spoken on this port." });
  return runStage<TLSSocket>(stage, late, (done, fail) => {
    let shown: DetailedPeerCertificate | undefined;
    const socket = connect(optionsOf(stream, material));
    // Once verification has failed the certificate can no longer be asked for, so it is looked at before.
    socket.prependListener("secure", () => void (shown = socket.getPeerCertificate(true)));
    const failed = (error: Error): void => fail(nameTlsFault(error, { target, material, certificate: shown, now: stage.clock.now() }));
    const closed = (): void => failed(Object.assign(new Error("closed during the TLS handshake"), { code: "ECONNRESET" }));
    socket.once("error", failed);
    socket.once("close", closed);
    socket.once("secureConnect", () => {
      socket.removeListener("error", failed);
      socket.removeListener("close", closed);
      done(socket);
    });
    return () => {
      socket.on("error", () => undefined);
      stream.on("error", () => undefined);
      socket.destroy();
      stream.destroy();
    };
  });
}

function optionsOf(stream: Duplex, material: TlsMaterial): ConnectionOptions {
  return {
    socket: stream,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    // An IP address is no server name (RFC 6066 §3) but is still checked against the certificate.
    ...(isIP(material.serverName) === 0 ? { servername: material.serverName } : { host: material.serverName }),
    ...(material.ca === undefined ? {} : { ca: material.ca }),
    ...(material.certificate === undefined ? {} : { cert: material.certificate }),
    ...(material.key === undefined ? {} : { key: material.key }),
    ...(material.alpn.length === 0 ? {} : { ALPNProtocols: [...material.alpn] }),
  };
}
