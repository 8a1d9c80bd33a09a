// The part of the people's conduits that is about the certificate that browsers see.

import Type from "typebox";
import type { Static } from "typebox";
import { get, post } from "./route.ts";
import { NothingSchema } from "./shared.ts";
import { closed, orNull, text, time } from "./words.ts";

export const PageCertificateSchema = closed({
  /** `own`: of the gateway's CA for people, which is another one than the machines'. `plant`: uploaded. */
  origin: Type.Enum(["own", "plant"]),
  names: Type.Array(text(253)),
  issuer: text(512),
  notAfter: time(),
  /** SHA-256. */
  fingerprint: text(64),
  /** PEM of the CA for people, for those who want their browser to know it. */
  ca: text(16_384),
  caFingerprint: text(64),
  /** A request is out and waits for its certificate: PEM. */
  request: orNull(text(16_384)),
});
export type PageCertificate = Static<typeof PageCertificateSchema>;

const ReplySchema = closed({ certificate: PageCertificateSchema });

export const certificateRoutes = {
  pageCertificate: get("/v1/page-certificate", { input: NothingSchema, reply: ReplySchema }),
  /** A new key, which stays in the vault, and a PKCS#10 request for the plant's CA. */
  requestPageCertificate: post("/v1/page-certificate/request", { input: closed({ names: Type.Array(text(253, 1), { minItems: 1, maxItems: 16 }) }), reply: ReplySchema }),
  /** PEM, the gateway's own certificate first. INPUT_INVALID where it is not for the key of the request, over, or its chain does not hold. */
  installPageCertificate: post("/v1/page-certificate/install", { input: closed({ chain: text(49_152, 1) }), reply: ReplySchema }),
  /** Back to the gateway's own. */
  removePageCertificate: post("/v1/page-certificate/remove", { input: NothingSchema, reply: ReplySchema }),
  /** A new CA for people: browsers that know the former must be given it. */
  renewPeopleCa: post("/v1/people-ca/renew", { input: NothingSchema, reply: ReplySchema }),
} as const;
