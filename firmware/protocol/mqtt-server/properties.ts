// The properties of MQTT 5 (§2.2.2) that a client may send: which belongs where, once or often, with which values.

import type { ByteReader } from "./byte-reader.ts";
import { REASON, violation } from "./reason.ts";
import { isTopicName } from "./topics.ts";

/** `will` is the set inside a CONNECT. */
export type PropertyHolder = "connect" | "will" | "publish" | "puback" | "subscribe" | "unsubscribe" | "disconnect";

type Kind = "flag" | "uint16" | "uint32" | "varint" | "text" | "topic" | "binary" | "pair";

interface Rule {
  readonly name: string;
  readonly kind: Kind;
  readonly holders: readonly PropertyHolder[];
  /** True where 0 is a protocol error. */
  readonly isPositive?: boolean;
}

const MESSAGE = ["publish", "will"] as const;
const ALL = ["connect", "will", "publish", "puback", "subscribe", "unsubscribe", "disconnect"] as const;

const RULES = {
  0x01: { name: "payload format indicator", kind: "flag", holders: MESSAGE },
  0x02: { name: "message expiry interval", kind: "uint32", holders: MESSAGE },
  0x03: { name: "content type", kind: "text", holders: MESSAGE },
  0x08: { name: "response topic", kind: "topic", holders: MESSAGE },
  0x09: { name: "correlation data", kind: "binary", holders: MESSAGE },
  0x0b: { name: "subscription identifier", kind: "varint", holders: ["subscribe"], isPositive: true },
  0x11: { name: "session expiry interval", kind: "uint32", holders: ["connect", "disconnect"] },
  0x12: { name: "assigned client identifier", kind: "text", holders: [] },
  0x13: { name: "server keep alive", kind: "uint16", holders: [] },
  0x15: { name: "authentication method", kind: "text", holders: ["connect"] },
  0x16: { name: "authentication data", kind: "binary", holders: ["connect"] },
  0x17: { name: "request problem information", kind: "flag", holders: ["connect"] },
  0x18: { name: "will delay interval", kind: "uint32", holders: ["will"] },
  0x19: { name: "request response information", kind: "flag", holders: ["connect"] },
  0x1a: { name: "response information", kind: "text", holders: [] },
  0x1c: { name: "server reference", kind: "text", holders: [] },
  0x1f: { name: "reason string", kind: "text", holders: ["puback", "disconnect"] },
  0x21: { name: "receive maximum", kind: "uint16", holders: ["connect"], isPositive: true },
  0x22: { name: "topic alias maximum", kind: "uint16", holders: ["connect"] },
  0x23: { name: "topic alias", kind: "uint16", holders: ["publish"] },
  0x24: { name: "maximum QoS", kind: "flag", holders: [] },
  0x25: { name: "retain available", kind: "flag", holders: [] },
  0x26: { name: "user property", kind: "pair", holders: ALL },
  0x27: { name: "maximum packet size", kind: "uint32", holders: ["connect"], isPositive: true },
  0x28: { name: "wildcard subscription available", kind: "flag", holders: [] },
  0x29: { name: "subscription identifier available", kind: "flag", holders: [] },
  0x2a: { name: "shared subscription available", kind: "flag", holders: [] },
} as const satisfies Record<number, Rule>;

export type PropertyName = (typeof RULES)[keyof typeof RULES]["name"];

/** Numbers by value, texts and binaries by their length: no more of them is needed here. */
export type Properties = ReadonlyMap<PropertyName, number>;

const NONE: Properties = new Map();

/** Reads length and properties. Throws a violation: malformed, or protocol error where a property is twice, wrong or does not belong here. */
export function readProperties(reader: ByteReader, holder: PropertyHolder): Properties {
  const length = reader.varint();
  if (length === 0) return NONE;
  const part = reader.part(length);
  const found = new Map<PropertyName, number>();
  while (!part.isAtEnd) {
    const id = part.varint();
    if (!isKnown(id)) throw violation(REASON.malformed, `sent the unknown property 0x${id.toString(16)}`);
    const rule: Rule & { readonly name: PropertyName } = RULES[id];
    if (!rule.holders.includes(holder)) throw violation(REASON.protocolError, `sent the property "${rule.name}" with a ${holder}`);
    const value = readValue(part, rule);
    if (rule.isPositive === true && value === 0) throw violation(REASON.protocolError, `sent the property "${rule.name}" with the value 0`);
    if (rule.kind !== "pair" && found.has(rule.name)) throw violation(REASON.protocolError, `sent the property "${rule.name}" twice`);
    found.set(rule.name, value);
  }
  return found;
}

function isKnown(id: number): id is keyof typeof RULES {
  return Object.hasOwn(RULES, id);
}

function readValue(reader: ByteReader, { kind, name }: Rule): number {
  switch (kind) {
    case "flag": {
      const value = reader.byte();
      if (value > 1) throw violation(REASON.protocolError, `sent the property "${name}" with the value ${value}`);
      return value;
    }
    case "uint16":
      return reader.uint16();
    case "uint32":
      return reader.uint32();
    case "varint":
      return reader.varint();
    case "text":
      return reader.text(name).length;
    case "topic": {
      const topic = reader.text(name);
      if (!isTopicName(topic)) throw violation(REASON.protocolError, `sent a ${name} with a wildcard or without a character`);
      return topic.length;
    }
    case "binary":
      return reader.binary().length;
    case "pair":
      break;
  }
  return reader.text(name).length + reader.text(name).length;
}
