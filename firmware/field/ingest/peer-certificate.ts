// The client certificate of a TLS connection: issued by the machine CA, or the connection is refused.

import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { PeerCertificate } from "./ports.ts";

/** Undefined where the client shows none. Throws CERTIFICATE_REFUSED for one that the CA did not issue, or that is not valid now. */
export function readCertificate(socket: TLSSocket, clientCa: string | undefined, clock: Clock): PeerCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const subject = String(socket.getPeerCertificate().subject?.CN ?? "");
  const isDateChecked = socket.authorized;
  if (!isDateChecked && !isOnlyUntimely(certificate, clientCa, clock)) {
    throw new Fault("CERTIFICATE_REFUSED", `shows a certificate for ${JSON.stringify(subject.slice(0, 64))} that is refused: ${String(socket.authorizationError)}`, {
      remedy: "Give the machine a certificate with `weir assets enrol`.",
    });
  }
  return {
    commonName: subject,
    fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    alternativeNames: certificate.subjectAltName ?? "",
    isDateChecked,
  };
}

/**
 * A gateway without a clock takes a certificate of its CA whatever the date: machines must be heard after a power cut without the Internet.
 * OpenSSL names one error only, so the issuer is checked here once more.
 */
function isOnlyUntimely(certificate: X509Certificate, clientCa: string | undefined, clock: Clock): boolean {
  if (clientCa === undefined || clock.timeQuality() !== "unknown") return false;
  const issuer = new X509Certificate(clientCa);
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey) && !certificate.ca;
}
