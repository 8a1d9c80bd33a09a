// Names what was wrong in a TLS handshake: what was expected, what was found, the dates, and what to do.

import { X509Certificate } from "node:crypto";
import type { DetailedPeerCertificate } from "node:tls";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { FaultCode } from "../../../drivers/contract/fault.ts";
import { errorCode } from "../../runtime/error-code.ts";
import { nameSocketFault } from "./socket-fault.ts";
import type { Target, TlsMaterial } from "./target.ts";

/** What is known of the handshake that failed. */
export interface HandshakeFacts {
  readonly target: Target;
  readonly material: TlsMaterial;
  /** What the broker showed, where it came so far. */
  readonly certificate: DetailedPeerCertificate | undefined;
  /** The gateway's wall time, ms. */
  readonly now: number;
}

type Naming = readonly [code: FaultCode, message: string, remedy: string];

/** A Fault for any error of a TLS socket before the first MQTT packet came back. */
export function nameTlsFault(error: Error, facts: HandshakeFacts): Fault {
  const code = errorCode(error) ?? "";
  const naming = nameVerification(code, facts) ?? nameAlert(code, facts) ?? nameProtocol(code, facts);
  if (naming === undefined) return nameBroken(error, code, facts.target);
  const [faultCode, message, remedy] = naming;
  return new Fault(faultCode, message, { where: facts.target.address, remedy, cause: error });
}

function nameVerification(code: string, facts: HandshakeFacts): Naming | undefined {
  const shown = describe(facts.certificate);
  switch (code) {
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return ["CERTIFICATE_REFUSED", `the broker's certificate is for ${namesOf(facts.certificate)}, expected ${facts.material.serverName}`, "Correct the host in cloud.url, or set cloud.serverName to the name that the certificate carries if that is the right broker."];
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return nameDates(code, facts);
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return ["CERTIFICATE_REFUSED", `the broker's certificate is self-signed and not trusted: ${shown}`, "Store this certificate as cloud.ca if it is the right broker's, or give the broker one of your CA."];
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "CERT_UNTRUSTED":
      return ["CERTIFICATE_REFUSED", `the broker's certificate was issued by a CA that is not trusted: ${shown}, expected ${expectedCa(facts.material)}`, "Store the CA of this broker as cloud.ca; if the CA is right, the broker must send its intermediate certificates."];
    case "CERT_REVOKED":
      return ["CERTIFICATE_REFUSED", `the broker's certificate is revoked: ${shown}`, "Give the broker a new certificate."];
    case "CERT_SIGNATURE_FAILURE":
    case "INVALID_PURPOSE":
    case "INVALID_CA":
    case "PATH_LENGTH_EXCEEDED":
    case "CERT_CHAIN_TOO_LONG":
    case "EE_KEY_TOO_SMALL":
    case "CA_KEY_TOO_SMALL":
    case "CA_MD_TOO_WEAK":
      return ["CERTIFICATE_REFUSED", `the broker's certificate is not acceptable (${code}): ${shown}`, "Give the broker a certificate that is made for servers, by a CA and with a key that are strong enough."];
    default:
      return undefined;
  }
}

function nameDates(code: string, facts: HandshakeFacts): Naming {
  const isOut = (certificate: DetailedPeerCertificate): boolean => Date.parse(certificate.valid_to) < facts.now || Date.parse(certificate.valid_from) > facts.now;
  const culprit = chainOf(facts.certificate).find(isOut) ?? facts.certificate;
  const what = code === "CERT_HAS_EXPIRED" ? "has expired" : "is not yet valid";
  const dates = culprit === undefined ? "" : `: valid from ${isoDate(culprit.valid_from)} to ${isoDate(culprit.valid_to)}`;
  const subject = culprit === undefined ? "a certificate of the broker's chain" : `the certificate of ${nameOf(culprit.subject)}`;
  return ["CERTIFICATE_REFUSED", `${subject} ${what}${dates}; the gateway's clock says ${new Date(facts.now).toISOString()}`, "Renew it at the broker, or correct the gateway's clock if that is wrong."];
}

/** Alerts by which the broker refuses us (RFC 8446 §6.2). */
const ALERTS: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE.*NO_CERT/, "asks for a client certificate"],
  [/CERTIFICATE_REVOKED/, "says that the client certificate is revoked"],
  [/CERTIFICATE_EXPIRED/, "says that the client certificate has expired"],
  [/UNKNOWN_CA/, "does not know the CA of the client certificate"],
  [/BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_UNKNOWN|DECRYPT_ERROR/, "refuses the client certificate"],
  [/ACCESS_DENIED/, "denies access to the client certificate"],
];

function nameAlert(code: string, facts: HandshakeFacts): Naming | undefined {
  if (!code.includes("ALERT")) return undefined;
  const found = ALERTS.find(([pattern]) => pattern.test(code));
  if (found === undefined) return undefined;
  const own = facts.material.certificate === undefined ? "none is configured" : describeOwn(facts.material.certificate);
  return ["CERTIFICATE_REFUSED", `the broker ${found[1]}; ${own}`, "Store the gateway's certificate and key as cloud.certificate and cloud.key, issued by a CA that the broker trusts, and not expired."];
}

function nameProtocol(code: string, { target, material }: HandshakeFacts): Naming | undefined {
  if (code.includes("NO_APPLICATION_PROTOCOL")) return ["NOT_SUPPORTED", `the broker does not take the ALPN protocol ${material.alpn.join(", ")}`, "Set cloud.alpn to what this broker expects on the port, or remove it."];
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/.test(code)) return ["NOT_SUPPORTED", "the broker speaks no TLS 1.2 or newer", "Switch TLS 1.2 or 1.3 on at the broker; older versions are not used."];
  if (/UNRECOGNIZED_NAME/.test(code)) return ["CERTIFICATE_REFUSED", `the broker does not know the name ${material.serverName}`, "Correct the host in cloud.url or cloud.serverName."];
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|BAD_RECORD_TYPE/.test(code)) return ["PEER_PROTOCOL", `port ${target.port} of ${target.host} does not speak TLS`, "Check the port: 8883 or 443 with TLS, not 1883."];
  if (/HANDSHAKE_FAILURE|NO_SHARED_CIPHER|NO_CIPHERS/.test(code)) return ["NOT_SUPPORTED", "the broker and the gateway have no cipher in common", "Switch modern cipher suites on at the broker."];
  return undefined;
}

function nameBroken(error: Error, code: string, target: Target): Fault {
  if (code !== "ECONNRESET" && code !== "EPIPE") return nameSocketFault(error, target.host, target.port, target.address);
  return new Fault("PEER_CLOSED", `${target.host} closed the connection during the TLS handshake`, { where: target.address, remedy: "It is tried again; if it stays so, check that TLS is spoken on this port and whether the broker asks for a client certificate.", cause: error });
}

function chainOf(leaf: DetailedPeerCertificate | undefined): readonly DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  for (let next = leaf; next?.fingerprint256 !== undefined && !chain.includes(next); next = next.issuerCertificate) chain.push(next);
  return chain;
}

function describe(certificate: DetailedPeerCertificate | undefined): string {
  if (certificate?.subject === undefined) return "no certificate was seen";
  return `found ${nameOf(certificate.subject)} issued by ${nameOf(certificate.issuer)}, SHA-256 ${certificate.fingerprint256.replaceAll(":", "").slice(0, 16)}…`;
}

function namesOf(certificate: DetailedPeerCertificate | undefined): string {
  return certificate?.subjectaltname?.replaceAll(/DNS:|IP Address:/g, "") ?? (certificate?.subject === undefined ? "another name" : nameOf(certificate.subject));
}

function nameOf(subject: DetailedPeerCertificate["subject"]): string {
  return [subject.CN ?? subject.O ?? "a subject without name"].flat().join(", ");
}

function expectedCa(material: TlsMaterial): string {
  return material.ca === undefined ? "a public CA (no cloud.ca is configured)" : subjectsOf(material.ca);
}

function subjectsOf(pem: string): string {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => commonName(new X509Certificate(block).subject)).join(" or ");
}

function describeOwn(pem: string): string {
  const own = new X509Certificate(pem);
  return `it was shown ${commonName(own.subject)} issued by ${commonName(own.issuer)}, valid to ${isoDate(own.validTo)}`;
}

function commonName(subject: string): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? subject.replaceAll("\n", ", ");
}

function isoDate(text: string): string {
  const time = Date.parse(text);
  return Number.isNaN(time) ? text : new Date(time).toISOString().slice(0, 19).concat("Z");
}
