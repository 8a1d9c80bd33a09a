// Whether what was uploaded is a certificate for the page, with a chain that browsers can follow: told before it is shown to anybody.

import { createPrivateKey, X509Certificate } from "node:crypto";
import { Fault } from "../../../drivers/contract/fault.ts";
import { isAddress } from "../pki/names.ts";

export interface Expected {
  /** PEM of the keys that it may be for. */
  readonly keys: readonly string[];
  /** Each of them must be covered. */
  readonly names: readonly string[];
  /** Undefined where the gateway does not know the time. */
  readonly nowMs: number | undefined;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\s[^-]*-----END \1-----/g;
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const MOST = 8;
const RSA_BITS = 2048;

export interface CheckedChain {
  /** PEM, the page's own first, nothing else between. */
  readonly chain: string;
  /** The one of the keys that it is for. */
  readonly key: string;
}

/** Throws INPUT_INVALID for whatever a browser would refuse, and says what. */
export function checkChain(pem: string, { keys, names, nowMs }: Expected): CheckedChain {
  const [leaf, ...issuers] = readChain(pem);
  if (leaf === undefined) throw refuse("there is no certificate in it", "Upload PEM: the page's certificate first, then those that lead to the plant's CA.");
  const key = keys.find((one) => leaf.checkPrivateKey(createPrivateKey(one)));
  if (key === undefined) throw refuse(`the first certificate (${nameOf(leaf)}) is not for the key of the request`, "Have the request signed that was made last, and put that certificate first.");
  if (leaf.ca) throw refuse("the first certificate is one of a CA", "Put the page's own certificate first.");
  // The property bears the name of another extension; it is the extended key usage (nodejs.org/api/crypto.html), undefined where there is none.
  const purposes: unknown = leaf.keyUsage;
  if (!Array.isArray(purposes) || !purposes.includes(SERVER_AUTH)) throw refuse("the certificate is not meant for a server (extended key usage serverAuth)", "Ask the CA for a certificate for a TLS server.");
  const missing = names.filter((name) => (!isAddress(name) ? leaf.checkHost(name, { subject: "never" }) : leaf.checkIP(name)) === undefined);
  if (missing.length > 0) throw refuse(`the certificate does not name ${missing.join(", ")}`, "Ask the CA to take over the names of the request (subject alternative names), or make a request without these.");
  checkOrder([leaf, ...issuers]);
  for (const one of [leaf, ...issuers]) checkStrength(one);
  if (nowMs !== undefined) for (const one of [leaf, ...issuers]) checkDates(one, nowMs);
  return { chain: [leaf, ...issuers].map(String).join(""), key };
}

function readChain(pem: string): readonly X509Certificate[] {
  const blocks = [...pem.matchAll(BLOCK)];
  if (blocks.some(([, label = ""]) => label.includes("PRIVATE KEY"))) throw refuse("there is a private key in it", "The key of the page is in the gateway and leaves it never: upload certificates alone, and keep that key from others.");
  const certificates = blocks.filter(([, label]) => label === "CERTIFICATE");
  if (certificates.length > MOST) throw refuse(`there are ${certificates.length} certificates in it`, `Upload the page's and those that lead to its CA, at most ${MOST}.`);
  return certificates.map(([text], place) => {
    try {
      return new X509Certificate(text);
    } catch (error) {
      throw refuse(`certificate ${place + 1} cannot be read`, "Upload it as the CA gave it, in PEM.", error);
    }
  });
}

function checkOrder(chain: readonly X509Certificate[]): void {
  for (const [place, issuer] of chain.entries()) {
    const own = chain[place - 1];
    if (own === undefined) continue;
    if (!own.checkIssued(issuer) || !isSignedBy(own, issuer)) throw refuse(`certificate ${place} (${nameOf(own)}) is not issued by the one after it (${nameOf(issuer)})`, "Put each certificate's issuer right behind it.");
    if (!issuer.ca) throw refuse(`certificate ${place + 1} (${nameOf(issuer)}) is none of a CA`, "Leave it out, or upload the CA's own certificate.");
  }
}

function isSignedBy(own: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return own.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function checkStrength(certificate: X509Certificate): void {
  const { asymmetricKeyType: kind, asymmetricKeyDetails } = certificate.publicKey;
  if (kind === "rsa" && (asymmetricKeyDetails?.modulusLength ?? 0) < RSA_BITS) throw refuse(`the key of ${nameOf(certificate)} is too short (RSA, ${asymmetricKeyDetails?.modulusLength ?? 0} bits)`, "Browsers take RSA of 2048 bits and more.");
  // A root's own signature is never checked by anybody.
  const isRoot = certificate.checkIssued(certificate);
  if (!isRoot && /md5|sha1/i.test(certificate.signatureAlgorithm ?? "")) throw refuse(`${nameOf(certificate)} is signed with ${certificate.signatureAlgorithm ?? ""}`, "Browsers take SHA-256 and stronger.");
}

function checkDates(certificate: X509Certificate, nowMs: number): void {
  if (certificate.validToDate.getTime() <= nowMs) throw refuse(`${nameOf(certificate)} is over since ${certificate.validTo}`, "Upload one that is in force.");
  if (certificate.validFromDate.getTime() > nowMs) throw refuse(`${nameOf(certificate)} is not in force before ${certificate.validFrom}`, "Upload it then, or set the gateway's clock right.");
}

function nameOf({ subject }: X509Certificate): string {
  // Undefined where the subject is empty, whatever its type says.
  const text: unknown = subject;
  return typeof text === "string" && text !== "" ? text.replaceAll("\n", ", ").slice(0, 200) : "without a subject";
}

function refuse(what: string, remedy: string, cause?: unknown): Fault {
  return new Fault("INPUT_INVALID", `the certificate cannot be used: ${what}`, { remedy, cause });
}
