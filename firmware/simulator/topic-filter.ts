// Whether an MQTT topic is what a filter asks for (MQTT 5.0 §4.7).

/** `+` stands for one level, `#` for all that follow. */
export function topicMatches(filter: string, topic: string): boolean {
  if (filter === topic || filter === "#") return true;
  const levels = topic.split("/");
  const wanted = filter.split("/");
  for (const [index, level] of wanted.entries()) {
    if (level === "#") return true;
    if (index >= levels.length) return false;
    if (level !== "+" && level !== levels[index]) return false;
  }
  return wanted.length === levels.length;
}
