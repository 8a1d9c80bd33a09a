// Reads the code that Node and its libraries put on their errors.

/** `ENOENT`, `UND_ERR_SOCKET`, …; undefined for what carries none. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
