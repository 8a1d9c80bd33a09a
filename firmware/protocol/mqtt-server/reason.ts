// The reason codes of MQTT 5 (§2.4) that the server side says or hears, and how a violation carries its code.

import { Fault, type FaultCode } from "../../../drivers/contract/fault.ts";

export const REASON = {
  success: 0x00,
  withWill: 0x04,
  noSubscriptionExisted: 0x11,
  unspecified: 0x80,
  malformed: 0x81,
  protocolError: 0x82,
  unsupportedVersion: 0x84,
  clientIdInvalid: 0x85,
  badCredentials: 0x86,
  notAuthorised: 0x87,
  serverUnavailable: 0x88,
  serverBusy: 0x89,
  shuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  takenOver: 0x8e,
  filterInvalid: 0x8f,
  topicInvalid: 0x90,
  packetIdInUse: 0x91,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  rateTooHigh: 0x96,
  quotaExceeded: 0x97,
  administrative: 0x98,
  qosNotSupported: 0x9b,
  sharedNotSupported: 0x9e,
  identifiersNotSupported: 0xa1,
} as const;

/** The fault's code where it is another than PEER_PROTOCOL. */
const CODE_OF: Readonly<Record<number, FaultCode>> = {
  [REASON.unsupportedVersion]: "NOT_SUPPORTED",
  [REASON.badCredentials]: "CREDENTIALS_REFUSED",
  [REASON.notAuthorised]: "ACCESS_DENIED",
  [REASON.clientIdInvalid]: "ACCESS_DENIED",
  [REASON.badAuthenticationMethod]: "NOT_SUPPORTED",
  [REASON.keepAliveTimeout]: "PEER_TIMEOUT",
  [REASON.receiveMaximumExceeded]: "PEER_LIMIT",
  [REASON.packetTooLarge]: "PEER_LIMIT",
  [REASON.rateTooHigh]: "PEER_LIMIT",
  [REASON.quotaExceeded]: "PEER_LIMIT",
  [REASON.qosNotSupported]: "NOT_SUPPORTED",
};

/** A fault that ends a connection; `reasonOf` gives the code back. `message` says what the peer did. */
export function violation(reasonCode: number, message: string, remedy?: string): Fault {
  return new Fault(CODE_OF[reasonCode] ?? "PEER_PROTOCOL", message, { cause: { reasonCode }, remedy });
}

/** The reason code to tell the peer; `unspecified` for a fault that is no violation. */
export function reasonOf({ cause }: Fault): number {
  const isViolation = typeof cause === "object" && cause !== null && "reasonCode" in cause;
  return isViolation && typeof cause.reasonCode === "number" ? cause.reasonCode : REASON.unspecified;
}

/** The CONNACK return code of MQTT 3.1.1 (§3.2.2.3) that comes nearest; undefined where that version only closes. */
export function returnCodeOf(reasonCode: number): number | undefined {
  if (reasonCode === REASON.unsupportedVersion) return 1;
  if (reasonCode === REASON.clientIdInvalid) return 2;
  if (reasonCode === REASON.serverUnavailable || reasonCode === REASON.serverBusy || reasonCode === REASON.quotaExceeded) return 3;
  if (reasonCode === REASON.badCredentials) return 4;
  return reasonCode === REASON.notAuthorised ? 5 : undefined;
}
