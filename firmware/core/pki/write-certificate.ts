// Writes and signs X.509 certificates (RFC 5280): DER by @peculiar/asn1-x509, keys and signatures by Node.

import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import * as x509 from "@peculiar/asn1-x509";
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, X509Certificate, type KeyObject } from "node:crypto";
import type { AuthorityOrder, Issued, KeyPair, MachineOrder, ServerOrder } from "./orders.ts";
import { machineDomain } from "./names.ts";
import { readRequest } from "./read-request.ts";

/**
 * The beginning of time as a machine without a clock sees it, and "no well-defined expiration date" (RFC 5280 §4.1.2.5), as IEEE 802.1AR §8.7 has it for
 * devices: neither the gateway nor the machines may know the time (docs/decisions/0015).
 */
const ALWAYS = { from: new Date(0), to: new Date(Date.UTC(9999, 11, 31, 23, 59, 59)) };
export const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const ORGANISATION = "2.5.4.10";
const COMMON_NAME = "2.5.4.3";

interface Contents {
  readonly subject: x509.Name;
  readonly issuer: x509.Name;
  readonly key: KeyObject;
  readonly signer: KeyObject;
  readonly extensions: readonly x509.Extension[];
}

/** A new CA with a key of its own: it issues leaves only, and only within the domain, the organisation and the subnets. */
export function writeAuthority({ gateway, domain, subnets }: AuthorityOrder): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const subject = nameOf(gateway, `Weir machine CA ${randomBytes(3).toString("hex")}`);
  const bases = [
    { dNSName: domain },
    // Named so that they are bound too: what no subtree names may be anything (RFC 5280 §4.2.1.10).
    { rfc822Name: domain },
    { uniformResourceIdentifier: domain },
    { directoryName: nameOf(gateway) },
    ...subnets.map((iPAddress) => ({ iPAddress })),
  ];
  const permittedSubtrees = new x509.GeneralSubtrees(bases.map((base) => new x509.GeneralSubtree({ base: new x509.GeneralName(base) })));
  const extensions = [
    extension(x509.id_ce_basicConstraints, new x509.BasicConstraints({ cA: true, pathLenConstraint: 0 }), true),
    extension(x509.id_ce_keyUsage, new x509.KeyUsage(x509.KeyUsageFlags.keyCertSign), true),
    extension(x509.id_ce_nameConstraints, new x509.NameConstraints({ permittedSubtrees }), true),
    extension(x509.id_ce_subjectKeyIdentifier, new x509.SubjectKeyIdentifier(keyIdentifier(publicKey))),
  ];
  return { certificate: write({ subject, issuer: subject, key: publicKey, signer: privateKey, extensions }), key: pemOf(privateKey) };
}

/** For the ingest endpoint, at the gateway's addresses and its domain. */
export function writeServer({ authority, gateway, domain, addresses }: ServerOrder): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const names = [{ dNSName: domain }, ...addresses.map((iPAddress) => ({ iPAddress }))];
  return { certificate: writeLeaf(authority, nameOf(gateway, "Weir ingest"), publicKey, x509.id_kp_serverAuth, names), key: pemOf(privateKey) };
}

/** For a machine as a client. Throws INPUT_INVALID for a request that is not taken. */
export function writeMachine({ authority, gateway, name, domain, request }: MachineOrder): Issued {
  const pair = request === undefined ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : { publicKey: readRequest(request), privateKey: undefined };
  const certificate = writeLeaf(authority, nameOf(gateway, name), pair.publicKey, x509.id_kp_clientAuth, [{ dNSName: machineDomain(name, domain) }]);
  return { certificate, ...(pair.privateKey === undefined ? {} : { key: pemOf(pair.privateKey) }) };
}

/** Signed by the authority, for one purpose and these names. */
export function writeLeaf(authority: KeyPair, subject: x509.Name, key: KeyObject, purpose: string, names: readonly Partial<x509.GeneralName>[]): string {
  const issuer = AsnConvert.parse(new X509Certificate(authority.certificate).raw, x509.Certificate).tbsCertificate.subject;
  const signer = createPrivateKey(authority.key);
  const alternatives = new x509.SubjectAlternativeName(names.map((name) => new x509.GeneralName(name)));
  const extensions = [
    extension(x509.id_ce_basicConstraints, new x509.BasicConstraints(), true),
    extension(x509.id_ce_keyUsage, new x509.KeyUsage(x509.KeyUsageFlags.digitalSignature), true),
    extension(x509.id_ce_extKeyUsage, new x509.ExtendedKeyUsage([purpose])),
    extension(x509.id_ce_subjectAltName, alternatives),
    extension(x509.id_ce_subjectKeyIdentifier, new x509.SubjectKeyIdentifier(keyIdentifier(key))),
    extension(x509.id_ce_authorityKeyIdentifier, new x509.AuthorityKeyIdentifier({ keyIdentifier: new x509.KeyIdentifier(keyIdentifier(createPublicKey(signer))) })),
  ];
  return write({ subject, issuer, key, signer, extensions });
}

/** PEM, signed, with neither a beginning nor an end that matters. */
export function write({ subject, issuer, key, signer, extensions }: Contents): string {
  const signature = new x509.AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const serial = randomBytes(16);
  // Positive and of the same length always (RFC 5280 §4.1.2.2).
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const tbsCertificate = new x509.TBSCertificate({
    version: x509.Version.v3,
    serialNumber: new Uint8Array(serial).buffer,
    signature,
    issuer,
    validity: new x509.Validity({ notBefore: ALWAYS.from, notAfter: ALWAYS.to }),
    subject,
    subjectPublicKeyInfo: AsnConvert.parse(spkiOf(key), x509.SubjectPublicKeyInfo),
    extensions: new x509.Extensions([...extensions]),
  });
  const signatureValue = new Uint8Array(sign("sha256", Buffer.from(AsnConvert.serialize(tbsCertificate)), signer)).buffer;
  const der = Buffer.from(AsnConvert.serialize(new x509.Certificate({ tbsCertificate, signatureAlgorithm: signature, signatureValue })));
  // What cannot be read back must not be given out.
  return new X509Certificate(der).toString();
}

export function extension(extnID: string, value: unknown, critical = false): x509.Extension {
  return new x509.Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

export function nameOf(organisation: string, commonName?: string): x509.Name {
  const part = (type: string, utf8String: string) => new x509.RelativeDistinguishedName([new x509.AttributeTypeAndValue({ type, value: new x509.AttributeValue({ utf8String }) })]);
  return new x509.Name([part(ORGANISATION, organisation), ...(commonName === undefined ? [] : [part(COMMON_NAME, commonName)])]);
}

/** The leftmost 160 bits of SHA-256 (RFC 7093 §2, method 1). */
export function keyIdentifier(key: KeyObject): Buffer {
  const { subjectPublicKey } = AsnConvert.parse(spkiOf(key), x509.SubjectPublicKeyInfo);
  return createHash("sha256").update(Buffer.from(subjectPublicKey)).digest().subarray(0, 20);
}

/** DER. */
export function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

/** PKCS#8. */
export function pemOf(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}
