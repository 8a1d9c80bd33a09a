// What proves a server of the plant: our authorities, the name or address it must carry, TLS 1.2 at least; and words for what was wrong.

import { isIP } from "node:net";
import { checkServerIdentity, type ConnectionOptions } from "node:tls";
import { Fault } from "../../drivers/contract/fault.ts";
import { errorCode } from "../runtime/error-code.ts";

export interface ServerProof {
  /** Address that is dialled. */
  readonly host: string;
  /** Name that the certificate must carry; the address where not given. */
  readonly serverName?: string | undefined;
  readonly ca: string;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

export function tlsOptions({ host, serverName = host, ca, certificate, key }: ServerProof): ConnectionOptions {
  return {
    ca,
    minVersion: "TLSv1.2",
    rejectUnauthorized: true,
    // An address is no server name (RFC 6066 §3), and is checked against the certificate all the same.
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    checkServerIdentity: (_, shown) => checkServerIdentity(serverName, shown),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
  };
}

const UNTRUSTED: readonly string[] = ["DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_GET_ISSUER_CERT", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "CERT_UNTRUSTED", "CERT_SIGNATURE_FAILURE"];

/** `section` is the configuration's: `plant.syslog`. */
export function nameServerFault(error: unknown, section: string, proof: ServerProof, port: number): Fault {
  const where = `${section} ${proof.host}:${port}`;
  const code = errorCode(error) ?? "";
  const message = error instanceof Error ? error.message : String(error);
  const refused = (words: string, remedy: string): Fault => new Fault("CERTIFICATE_REFUSED", words, { where, remedy, cause: error });
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return refused(`the server's certificate is not for ${proof.serverName ?? proof.host}: ${message}`, `Set ${section}.serverName to the name that its certificate carries, if it is the right server.`);
  if (code === "CERT_HAS_EXPIRED") return refused("the server's certificate has expired", "Renew it at the server, or correct the gateway's clock if that is wrong.");
  if (code === "CERT_NOT_YET_VALID") return refused("the server's certificate is not yet valid", "Correct the gateway's clock, or the certificate.");
  if (UNTRUSTED.includes(code)) return refused(`the server's certificate was issued by an authority that is not trusted here (${code})`, `Store the right authority's certificates as the secret that ${section}.ca names.`);
  if (code.includes("ALERT") || /alert/i.test(message)) return refused(`the server refuses the TLS connection (${message})`, `If it asks for a client certificate, give ${section} one it trusts; TLS 1.2 or 1.3 must be on.`);
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNSUPPORTED_PROTOCOL|HTTP_REQUEST/.test(code)) return new Fault("PEER_PROTOCOL", "the server speaks no TLS 1.2 or 1.3 at this port", { where, remedy: "Check port and server.", cause: error });
  if (code === "ETIMEDOUT" || /time.?out/i.test(message)) return new Fault("PEER_TIMEOUT", "the server does not answer in time", { where, remedy: "Check that it runs and that a firewall between lets the gateway through.", cause: error });
  if (code === "ECONNRESET" || code === "EPIPE" || /closed/i.test(message)) return new Fault("PEER_CLOSED", "the server closed the connection", { where, remedy: "Its own log says why.", cause: error });
  return new Fault("PEER_UNREACHABLE", `the server cannot be reached (${code === "" ? message : code})`, { where, remedy: "Check address, port and the way to it.", cause: error });
}
