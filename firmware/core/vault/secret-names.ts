// Finds which secrets a part of the configuration refers to.

/** The names in every `{ secret: NAME }` of the value, each once, in order of appearance. */
export function findSecretNames(value: unknown): readonly string[] {
  const names = new Set<string>();
  collect(value, names);
  return [...names];
}

function collect(value: unknown, names: Set<string>): void {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value) && "secret" in value && typeof value.secret === "string" && Object.keys(value).length === 1) {
    names.add(value.secret);
    return;
  }
  for (const item of Object.values(value)) collect(item, names);
}
