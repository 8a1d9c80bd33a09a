// Names what DNS said when a name could not be resolved, and whether that was an answer or none.

import { Fault } from "../../../drivers/contract/fault.ts";
import { errorCode } from "../../runtime/error-code.ts";

/** Where a connection is to go, and the setting that says so. */
export interface Destination {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** `cloud.url`, `cloud.proxy.url`. */
  readonly setting: string;
}

/** The name has no address, says a server that should know: NXDOMAIN, and NODATA (RFC 2308 §2). */
const DENIALS: ReadonlySet<string> = new Set(["ENOTFOUND", "ENODATA"]);
const SILENCES: ReadonlySet<string> = new Set(["ETIMEOUT", "ECONNREFUSED", "ECANCELLED", "EAI_AGAIN"]);

/** True where all that was asked was answered with a denial; a server that is silent or troubled denies nothing. */
export function isDenial(errors: readonly unknown[]): boolean {
  return errors.every((error) => DENIALS.has(errorCode(error) ?? ""));
}

/** A Fault of kind transient. `asked`: the servers, empty for the system's. */
export function nameResolverFault(errors: readonly unknown[], { host, setting }: Destination, asked: readonly string[]): Fault {
  const codes = errors.map((error) => errorCode(error) ?? "no code");
  const servers = asked.length === 0 ? "the system's DNS" : `DNS ${asked.join(", ")}`;
  const detail = (remedy: string): { where: string; remedy: string; cause: unknown } => ({ where: setting, remedy, cause: errors[0] });
  const because = (reason: string, remedy: string): Fault => new Fault("PEER_UNREACHABLE", `the name ${host} cannot be resolved: ${reason}`, detail(remedy));
  const check = asked.length === 0 ? "Check the system's DNS servers. On an appliance name them in `network.dns`: the firewall opens the way to no others. It is tried again." : "Check `network.dns` and the way to its servers; it is tried again.";
  if (!isDenial(errors)) {
    const code = codes.find((one) => !DENIALS.has(one)) ?? "";
    if (SILENCES.has(code)) return because(`${servers} does not answer`, check);
    return because(`${servers} fails (${code.replace(/^E/, "")})`, check);
  }
  if (codes.includes("ENOTFOUND")) return because(`there is no such name (NXDOMAIN), says ${servers}`, `Check the spelling in ${setting}, and that this DNS knows the name; it is tried again.`);
  return because(`it has no address (neither A nor AAAA), says ${servers}`, "Have an address entered for it, or correct the name; it is tried again.");
}
