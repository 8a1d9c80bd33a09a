// Topic names and filters (MQTT 5 §4.7), and what lies below a machine's own root.

/** True for a topic that can be published to: not empty, no wildcard. */
export function isTopicName(topic: string): boolean {
  return topic !== "" && !/[+#\0]/.test(topic);
}

/** True for a filter whose wildcards stand as whole levels, `#` only as the last. */
export function isTopicFilter(filter: string): boolean {
  if (filter === "" || filter.includes("\0")) return false;
  const levels = filter.split("/");
  return levels.every((level, index) => !/[+#]/.test(level) || level === "+" || (level === "#" && index === levels.length - 1));
}

/** True where the topic or filter is `root` followed by further levels. A root has no wildcard, so a filter below it matches nothing beside it. */
export function isBelow(root: string, topic: string): boolean {
  return topic.length > root.length + 1 && topic.startsWith(root) && topic[root.length] === "/";
}

/** The filters of commands: `<root>/commands` and everything below it. */
export function isCommandFilter(root: string, filter: string): boolean {
  const commands = `${root}/commands`;
  return filter === commands || isBelow(commands, filter);
}

/** True where a topic without wildcards matches the filter. */
export function isMatching(filter: string, topic: string): boolean {
  const levels = topic.split("/");
  const wanted = filter.split("/");
  for (const [index, level] of wanted.entries()) {
    if (level === "#") return true;
    if (level !== "+" && level !== levels[index]) return false;
    if (index >= levels.length) return false;
  }
  return wanted.length === levels.length;
}
