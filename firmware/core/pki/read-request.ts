// Reads a PKCS#10 request (RFC 2986) and takes nothing of it but the public key, once its signature proves that the key is the sender's.

import { CertificationRequest } from "@peculiar/asn1-csr";
import { AsnConvert } from "@peculiar/asn1-schema";
import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { Fault } from "../../../drivers/contract/fault.ts";

/** ecdsa-with-SHA256/384/512 (RFC 5758 §3.2) and sha256/384/512WithRSAEncryption (RFC 4055 §5). */
const HASH_OF: Readonly<Record<string, string>> = {
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
};
const REMEDY = "Make one at the machine, or with `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout machine.key -out machine.csr -subj /CN=machine`.";
const PEM = /^\s*-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----\s+([A-Za-z0-9+/=\s]+)-----END (?:NEW )?CERTIFICATE REQUEST-----\s*$/;
const MAX_LENGTH = 16_384;
/** Above this a verification takes long enough to be felt, and no machine has such a key. */
const RSA_BITS = { least: 2048, most: 8192 } as const;
const CURVES: readonly (string | undefined)[] = ["prime256v1", "secp384r1"];

/** Throws INPUT_INVALID for what is no request, for a signature that is not its key's, and for a key that is too weak or of a kind that is not taken. */
export function readRequest(pem: string): KeyObject {
  const base64 = pem.length > MAX_LENGTH ? undefined : PEM.exec(pem)?.[1];
  if (base64 === undefined) throw refuse("is no PKCS#10 request in PEM, or is longer than 16 KiB");
  const { request, key } = parse(Buffer.from(base64, "base64"));
  checkKey(key);
  const hash = HASH_OF[request.signatureAlgorithm.algorithm];
  if (hash === undefined) throw refuse("is signed by an algorithm that is not taken; SHA-256, SHA-384 and SHA-512 with RSA (PKCS #1) or ECDSA are");
  if (!isSigned(request, hash, key)) throw refuse("is not signed by the key that it is for");
  return key;
}

function parse(der: Buffer): { readonly request: CertificationRequest; readonly key: KeyObject } {
  try {
    const request = AsnConvert.parse(der, CertificationRequest);
    const key = Buffer.from(AsnConvert.serialize(request.certificationRequestInfo.subjectPKInfo));
    return { request, key: createPublicKey({ key, format: "der", type: "spki" }) };
  } catch (error) {
    throw refuse("cannot be read", error);
  }
}

function checkKey({ asymmetricKeyType: kind, asymmetricKeyDetails: detail = {} }: KeyObject): void {
  if (kind === "ec" && CURVES.includes(detail.namedCurve)) return;
  const { modulusLength = 0, publicExponent = 0n } = detail;
  // A long exponent makes each verification as slow as a signature.
  const isSound = modulusLength >= RSA_BITS.least && modulusLength <= RSA_BITS.most && publicExponent > 2n && publicExponent < 2n ** 32n && publicExponent % 2n === 1n;
  if (kind === "rsa" && isSound) return;
  throw refuse(`has a key that is not taken (${kind === "rsa" ? `RSA, ${modulusLength} bits` : (detail.namedCurve ?? kind ?? "unknown")}); RSA of 2048 to 8192 bits, P-256 and P-384 are`);
}

function isSigned(request: CertificationRequest, hash: string, key: KeyObject): boolean {
  const { certificationRequestInfoRaw: signed, signature } = request;
  try {
    return signed !== undefined && verify(hash, Buffer.from(signed), key, Buffer.from(signature));
  } catch {
    return false;
  }
}

function refuse(what: string, cause?: unknown): Fault {
  return new Fault("INPUT_INVALID", `the certificate request ${what}`, { remedy: REMEDY, cause });
}
