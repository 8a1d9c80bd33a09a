// What a machine's certificate says, and whether one of a rule's authorities issued it.

import { X509Certificate } from "node:crypto";
import type { Certificate } from "./entry.ts";

/** RFC 5280 §4.2.1.12 */
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const ANY_USE = "2.5.29.37.0";
const MAX_NAME = 512;
/** More is no list of authorities but a trust store. */
export const MOST_AUTHORITIES = 64;

/** The certificates of a report, the machine's own first; what comes after one that cannot be read is left out. */
export function readChain(certificates: readonly string[]): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (const text of certificates) {
    const certificate = read(Buffer.from(text, "base64"));
    if (certificate === undefined) break;
    chain.push(certificate);
  }
  return chain;
}

/** The authorities in a PEM text, at most 64; what cannot be read is left out. */
export function readAuthorities(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.slice(0, MOST_AUTHORITIES).flatMap((block) => read(block) ?? []);
}

export function describeCertificate(certificate: X509Certificate): Certificate {
  return {
    fingerprint: fingerprintOf(certificate),
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    notAfter: Number.isNaN(certificate.validToDate.getTime()) ? certificate.validTo.slice(0, 40) : certificate.validToDate.toISOString(),
  };
}

/** A fingerprint as it is compared: 64 lower-case hexadecimal digits. */
export function plainFingerprint(text: string): string {
  return text.replaceAll(":", "").toLowerCase();
}

/**
 * Why the chain does not lead from its first certificate to one of the authorities; undefined where it does. `nowMs` undefined: the time is unknown, and no
 * date is judged. Limits to path length and names inside an authority's certificate are not judged: a rule trusts the authorities that it names.
 */
export function chainProblem(chain: readonly X509Certificate[], authorities: readonly X509Certificate[], nowMs: number | undefined): string | undefined {
  const [leaf, ...others] = chain;
  if (leaf === undefined) return "it shows no certificate";
  // keyUsage is the extended key usage; undefined for a certificate without it, whatever Node's types say.
  const uses = leaf.keyUsage as readonly string[] | undefined;
  if (uses !== undefined && !uses.includes(SERVER_AUTH) && !uses.includes(ANY_USE)) return "its certificate is not made for servers";
  const left = new Set(others);
  let current = leaf;
  for (;;) {
    const date = nowMs === undefined ? undefined : dateProblem(current, nowMs);
    if (date !== undefined) return date;
    const root = authorities.find((authority) => isIssuer(authority, current));
    if (root !== undefined) return nowMs === undefined ? undefined : dateProblem(root, nowMs);
    const next = [...left].find((one) => isIssuer(one, current));
    if (next === undefined) return `its certificate was issued by ${oneLine(current.issuer) || "nobody"}, which is not one of the authorities`;
    left.delete(next);
    current = next;
  }
}

function isIssuer(authority: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
  } catch {
    return false;
  }
}

function dateProblem(certificate: X509Certificate, nowMs: number): string | undefined {
  const name = oneLine(certificate.subject);
  if (nowMs < certificate.validFromDate.getTime()) return `the certificate of ${name} is not valid before ${certificate.validFromDate.toISOString()}`;
  return nowMs > certificate.validToDate.getTime() ? `the certificate of ${name} expired on ${certificate.validToDate.toISOString()}` : undefined;
}

function fingerprintOf(certificate: X509Certificate): string {
  return plainFingerprint(certificate.fingerprint256);
}

function oneLine(name: string): string {
  return name.split("\n").join(", ").slice(0, MAX_NAME);
}

function read(certificate: Buffer | string): X509Certificate | undefined {
  try {
    return new X509Certificate(certificate);
  } catch {
    return undefined;
  }
}
