// Names what a broker says by a reason code in CONNACK, PUBACK or DISCONNECT (MQTT 5 §2.4, MQTT 3.1.1 §3.2.2.3).

import { Fault } from "../../../drivers/contract/fault.ts";
import type { FaultCode } from "../../../drivers/contract/fault.ts";
import type { Target } from "./target.ts";

type Naming = readonly [code: FaultCode, message: string, remedy: string];

const LATER = "It is tried again.";
const GRANT = "Allow this client to connect and to publish to weir/v1/<gateway>/# on the broker.";

const REASONS: Readonly<Record<number, Naming>> = {
  0x80: ["PEER_PROTOCOL", "the broker refuses without saying why (0x80)", "Look into the broker's log."],
  0x81: ["PEER_PROTOCOL", "the broker could not read a packet (0x81)", "Look into the broker's log."],
  0x82: ["PEER_PROTOCOL", "the broker reports a protocol error (0x82)", "Look into the broker's log; cloud.mqttVersion may not fit."],
  0x83: ["PEER_PROTOCOL", "the broker refuses by a rule of its own (0x83)", "Look into the broker's log."],
  0x84: ["NOT_SUPPORTED", "the broker does not speak this MQTT version", "Set cloud.mqttVersion."],
  0x85: ["CONFIG_INVALID", "the broker does not accept the client id", "Set cloud.clientId to one that the broker expects."],
  0x86: ["CREDENTIALS_REFUSED", "the broker refuses user name or password", "Check cloud.user and the secret of cloud.password."],
  0x87: ["ACCESS_DENIED", "the broker does not authorise the gateway", GRANT],
  0x88: ["PEER_OVERLOADED", "the broker is not available", LATER],
  0x89: ["PEER_OVERLOADED", "the broker is busy", LATER],
  0x8a: ["ACCESS_DENIED", "the broker has banned this client", "Have the ban lifted at the broker."],
  0x8b: ["PEER_CLOSED", "the broker is shutting down", LATER],
  0x8c: ["CREDENTIALS_REFUSED", "the broker wants another way of authentication", "Use user and password or a client certificate, whichever the broker offers."],
  0x8d: ["PEER_TIMEOUT", "the broker heard nothing for longer than the keep-alive", LATER],
  0x8e: ["CONFIG_INVALID", "another client connected with the same client id and took over", "Give each gateway its own cloud.clientId."],
  0x90: ["ACCESS_DENIED", "the broker refuses the topic", GRANT],
  0x93: ["PEER_LIMIT", "the broker says that too much was sent at once", LATER],
  0x95: ["PEER_LIMIT", "a packet was too large for the broker", "Make cloud.batch.maxBytes smaller, or raise the broker's limit."],
  0x96: ["PEER_LIMIT", "the broker says that messages come too fast", "Make cloud.backlogPerSecond smaller, or raise the broker's limit."],
  0x97: ["PEER_LIMIT", "the broker's quota for this client is used up", "Raise the quota at the broker; it is tried again."],
  0x98: ["ACCESS_DENIED", "an administrator of the broker closed the connection", "Ask the broker's administrator."],
  0x99: ["PEER_PROTOCOL", "the broker refuses the payload's format (0x99)", "Look into the broker's schema rules."],
  0x9a: ["NOT_SUPPORTED", "the broker does not take retained messages", "Switch retained messages on at the broker."],
  0x9b: ["NOT_SUPPORTED", "the broker does not take QoS 1", "Use a broker that confirms messages."],
  0x9c: ["CONFIG_INVALID", "the broker says to use another server", "Set cloud.url to that server."],
  0x9d: ["CONFIG_INVALID", "the broker says that it has moved", "Set cloud.url to the new server."],
  0x9f: ["PEER_OVERLOADED", "the broker takes no more connections at this rate", LATER],
  0xa0: ["PEER_CLOSED", "the broker ended the connection after its greatest age", LATER],
};

/** Reasons for which a broker refuses what a message holds (MQTT 5 §3.4.2.1); every other one is about the link. */
export const CONTENT_REASONS: ReadonlySet<number> = new Set([0x80, 0x83, 0x95, 0x99]);

/** MQTT 3.1.1 return codes, in the words of MQTT 5. */
const RETURN_CODES: Readonly<Record<number, number>> = { 1: 0x84, 2: 0x85, 3: 0x88, 4: 0x86, 5: 0x87 };

/** What the broker added in words; MQTT 5 only. */
export interface BrokerWords {
  readonly reason?: string | undefined;
  readonly server?: string | undefined;
}

/** `code` is MQTT 5's, or MQTT 3.1.1's return code in a CONNACK. */
export function nameBrokerFault(code: number, target: Target, words: BrokerWords = {}): Fault {
  const number = code < 0x80 ? (RETURN_CODES[code] ?? code) : code;
  const [faultCode, message, remedy] = REASONS[number] ?? ["PEER_PROTOCOL", `the broker refuses with reason ${hex(number)}`, "Look into the broker's log."];
  const said = [words.reason, words.server].filter((text) => text !== undefined && text !== "").join(", ");
  return new Fault(faultCode, `${message}${detailOf(number, target)}${said === "" ? "" : `: ${said.slice(0, 256)}`}`, { where: target.address, remedy: number === 0x84 ? versionRemedy(target) : remedy });
}

export function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, "0")}`;
}

/** The remedy where a broker may not speak the configured version. */
export function versionRemedy(target: Target): string {
  return `Set cloud.mqttVersion: "${target.protocolVersion === 5 ? "3.1.1" : "5"}".`;
}

function detailOf(code: number, target: Target): string {
  if (code === 0x84) return ` (MQTT ${target.protocolVersion === 5 ? "5" : "3.1.1"})`;
  if (code === 0x85 || code === 0x8e) return ` (${target.clientId})`;
  if (code === 0x86) return target.user === undefined ? " (none is configured)" : ` (user ${target.user})`;
  return "";
}
