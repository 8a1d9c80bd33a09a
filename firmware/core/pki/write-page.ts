// Writes and signs what people's browsers see: the CA for people, the page's certificate, and requests for the CA of the plant.

import { Attributes, CertificationRequest, CertificationRequestInfo } from "@peculiar/asn1-csr";
import { AsnConvert } from "@peculiar/asn1-schema";
import * as x509 from "@peculiar/asn1-x509";
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isAddress } from "./names.ts";
import type { Issued, KeyPair, PageOrder, PageRequestOrder, PeopleAuthorityOrder } from "./orders.ts";
import { ECDSA_WITH_SHA256, extension, keyIdentifier, nameOf, pemOf, spkiOf, write, writeLeaf } from "./write-certificate.ts";

/** RFC 2985 §5.4.2. */
const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";

/** A new CA with a key of its own. A browser that knows it trusts it for this gateway's names and addresses, and for nothing else in the world. */
export function writePeopleAuthority({ gateway, hosts, subnets }: PeopleAuthorityOrder): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const subject = nameOf(gateway, `Weir page CA ${randomBytes(3).toString("hex")}`);
  const [host = "localhost"] = hosts;
  const bases = [
    ...hosts.map((dNSName) => ({ dNSName })),
    // Named so that they are bound too: what no subtree names may be anything (RFC 5280 §4.2.1.10).
    { rfc822Name: host },
    { uniformResourceIdentifier: host },
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

/** With a key of its own. */
export function writePage({ authority, gateway, names }: PageOrder): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { certificate: writeLeaf(authority, nameOf(gateway, "Weir page"), publicKey, x509.id_kp_serverAuth, names.map(alternative)), key: pemOf(privateKey) };
}

/** PKCS#10 (RFC 2986) with the names as it wants them to be in the certificate. */
export function writePageRequest({ gateway, names }: PageRequestOrder): Issued {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const alternatives = new x509.SubjectAlternativeName(names.map((name) => new x509.GeneralName(alternative(name))));
  const wanted = new x509.Extensions([
    extension(x509.id_ce_keyUsage, new x509.KeyUsage(x509.KeyUsageFlags.digitalSignature), true),
    extension(x509.id_ce_extKeyUsage, new x509.ExtendedKeyUsage([x509.id_kp_serverAuth])),
    extension(x509.id_ce_subjectAltName, alternatives),
  ]);
  const attributes = new Attributes([new x509.Attribute({ type: EXTENSION_REQUEST, values: [AsnConvert.serialize(wanted)] })]);
  const certificationRequestInfo = new CertificationRequestInfo({
    attributes,
    subject: nameOf(gateway, (names[0] ?? gateway).slice(0, 64)),
    subjectPKInfo: AsnConvert.parse(spkiOf(publicKey), x509.SubjectPublicKeyInfo),
  });
  const signature = new Uint8Array(sign("sha256", Buffer.from(AsnConvert.serialize(certificationRequestInfo)), privateKey)).buffer;
  const request = new CertificationRequest({ certificationRequestInfo, signatureAlgorithm: new x509.AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 }), signature });
  return { certificate: writePem("CERTIFICATE REQUEST", Buffer.from(AsnConvert.serialize(request))), key: pemOf(privateKey) };
}

function alternative(name: string): Partial<x509.GeneralName> {
  return !isAddress(name) ? { dNSName: name } : { iPAddress: name };
}

function writePem(label: string, der: Buffer): string {
  return `-----BEGIN ${label}-----\n${der.toString("base64").replaceAll(/.{64}/g, "$&\n").trimEnd()}\n-----END ${label}-----\n`;
}
