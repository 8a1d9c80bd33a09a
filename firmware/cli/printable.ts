// What machines, brokers and files wrote, made harmless for a terminal: the one place for it.

/** Control characters, bidirectional overrides, invisible formatting, line separators, half characters. */
const HARMFUL = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** One line: each character that could steer a terminal, turn round the order of a text or hide in it becomes U+FFFD. */
export function printable(text: string): string {
  return text.replace(HARMFUL, "\ufffd");
}

/** The same for a text of several lines: its line feeds stay. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** JSON that is as harmless, and means the same: such characters stand as `\u` escapes. Indented unless told otherwise. */
export function writeJson(value: unknown, indent = 2): string {
  const escape = (character: string): string => (character === "\n" ? character : escapeUnits(character));
  return JSON.stringify(value, null, indent).replace(HARMFUL, escape);
}

/** A key as a person can read, copy and give back (`readKey`): what is harmful in it stands as `\u{...}`, a backslash twice. */
export function writeKey(key: string): string {
  return key.replaceAll("\\", "\\\\").replace(HARMFUL, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** The key that `writeKey` wrote; what it never writes stays as it is. */
export function readKey(text: string): string {
  return text.replace(/\\(?:\\|u\{([0-9a-f]{1,6})\})/gi, (all, digits: string | undefined) => {
    if (digits === undefined) return "\\";
    const code = Number.parseInt(digits, 16);
    return code > 0x10_ffff ? all : String.fromCodePoint(code);
  });
}

/** The text as one word of a shell's command line. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9._:/%@+,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function escapeUnits(character: string): string {
  return Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`).join("");
}
