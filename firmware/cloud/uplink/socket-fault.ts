// Names what the network said when a connection could not be opened or broke.

import { Fault } from "../../../drivers/contract/fault.ts";
import { errorCode } from "../../runtime/error-code.ts";

/** A Fault of kind transient for any error of a TCP socket. */
export function nameSocketFault(error: unknown, host: string, port: number, where: string): Fault {
  const code = errorCode(error);
  const detail = (remedy: string): { where: string; remedy: string; cause: unknown } => ({ where, remedy, cause: error });
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EAI_FAIL":
      return new Fault("PEER_UNREACHABLE", `the name ${host} cannot be resolved (${code})`, detail("Check the name and the gateway's DNS server; it is tried again."));
    case "ECONNREFUSED":
      return new Fault("PEER_UNREACHABLE", `${host} refuses connections on port ${port}`, detail("Check the port and that the service runs; it is tried again."));
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EADDRNOTAVAIL":
    case "ENETDOWN":
      return new Fault("PEER_UNREACHABLE", `there is no route to ${host} (${code})`, detail("Check the cable, the gateway's address and its default route; it is tried again."));
    case "EACCES":
    case "EPERM":
      return new Fault("PEER_UNREACHABLE", `the gateway's own firewall does not let the connection to ${host} port ${port} out (${code})`, detail("Check that the destination is the configured one."));
    case "ETIMEDOUT":
      return new Fault("PEER_TIMEOUT", `${host} does not answer on port ${port}`, detail("Check the address and the firewalls between; it is tried again."));
    case "ECONNRESET":
    case "EPIPE":
      return new Fault("PEER_CLOSED", `${host} broke the connection off (${code})`, detail("It is tried again; if it stays so, look into the broker's log."));
    default:
      return new Fault("PEER_UNREACHABLE", `the connection to ${host} port ${port} failed: ${error instanceof Error ? error.message : String(error)}`, detail("It is tried again."));
  }
}
