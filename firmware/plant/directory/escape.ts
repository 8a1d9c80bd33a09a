// Text inside an LDAP filter.

/** RFC 4515 §3: what would mean something in a filter stands as bytes. */
export function escapeFilterValue(text: string): string {
  return [...Buffer.from(text, "utf8")].map((byte) => (isPlain(byte) ? String.fromCharCode(byte) : `\\${byte.toString(16).padStart(2, "0")}`)).join("");
}

/** Letters, digits and the few signs that names have. */
function isPlain(byte: number): boolean {
  return /[A-Za-z0-9.@_ ,=-]/.test(String.fromCharCode(byte)) && byte < 128;
}
