// Topics that a client publishes to: checked and judged once, afterwards found by their bytes.

import { isUtf8 } from "node:buffer";
import { REASON, violation } from "./reason.ts";
import { isTopicName } from "./topics.ts";

export interface KnownTopics {
  /** The topic's text. Throws a violation for what can be no topic. */
  read(bytes: Buffer, start: number, end: number): string;
  /** Whether the client may publish to a topic that was read. */
  isAllowed(topic: string): boolean;
}

/** Enough for a machine with a topic per point; who has more pays the full check for the rest. */
const MAX_KNOWN = 1024;
const MAX_KNOWN_BYTES = 256;

export function makeKnownTopics(mayPublish: (topic: string) => boolean): KnownTopics {
  const known = new Map<string, string>();
  const refused = new Set<string>();
  return {
    read: (bytes, start, end) => {
      const key = bytes.toString("latin1", start, end);
      const found = known.get(key);
      if (found !== undefined) return found;
      const topic = check(bytes.subarray(start, end));
      const isRefused = !mayPublish(topic);
      if (isRefused && refused.size >= MAX_KNOWN) refused.clear();
      if (isRefused) refused.add(topic);
      // What is refused is not kept here: else many bad topics would push out the good ones.
      else if (known.size < MAX_KNOWN && key.length <= MAX_KNOWN_BYTES) known.set(key, topic);
      return topic;
    },
    isAllowed: (topic) => refused.size === 0 || !refused.has(topic),
  };
}

function check(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw violation(REASON.malformed, "sent a message whose topic is no UTF-8");
  const topic = bytes.toString("utf8");
  if (topic.includes("\0")) throw violation(REASON.malformed, "sent a message whose topic has the character U+0000");
  if (!isTopicName(topic)) throw violation(REASON.topicInvalid, "sent a message to a topic with a wildcard");
  return topic;
}
