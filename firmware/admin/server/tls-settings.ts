// What TLS the page speaks: 1.3 and 1.2 with forward secrecy and authenticated encryption, as BSI TR-02102-2 recommends it.

import { constants } from "node:crypto";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { PageSettings } from "../../conduit/admin.ts";

/** TR-02102-2 §3.3.1 and §3.4.4; ChaCha20 and CBC are not among them. */
const SUITES = ["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256"];
/** TR-02102-2 §3.3.2. */
const GROUPS = "P-256:P-384:P-521";
/** TR-02102-2 §3.3.3: PKCS#1 v1.5 is not among them any more. */
const SIGNATURES = ["ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512", "rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512", "rsa_pss_pss_sha256", "rsa_pss_pss_sha384", "rsa_pss_pss_sha512"];

/** No renegotiation by the other side, and no tickets: their key would live as long as the process and open every session of that time. */
const REFUSED = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_COMPRESSION;

/** Of the certificate in force. Throws CONFIG_INVALID where certificate and key cannot be used together. */
export function tlsOptionsOf({ certificate, key }: Pick<PageSettings, "certificate" | "key">): SecureContextOptions {
  const options: SecureContextOptions = {
    cert: certificate,
    key,
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.3",
    ciphers: SUITES.join(":"),
    ecdhCurve: GROUPS,
    sigalgs: SIGNATURES.join(":"),
    honorCipherOrder: true,
    secureOptions: REFUSED,
  };
  try {
    createSecureContext(options);
  } catch (error) {
    throw new Fault("CONFIG_INVALID", "the page's certificate and its key cannot be used", { where: "page certificate", remedy: "Install the certificate anew, or go back to the gateway's own.", cause: error });
  }
  return options;
}
