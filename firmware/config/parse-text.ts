// From the file's bytes to a plain value: encoding, size, YAML syntax, and the place of every key and value.

import { Document, LineCounter, parseAllDocuments } from "yaml";
import { MOST_FINDINGS, type Path, type Problem } from "./problems.ts";
import { explainSyntax, findOffset, inspectTree } from "./yaml-tree.ts";

/** A configuration of 2,000 machines has some 300 KiB. */
export const MOST_BYTES = 1_048_576;

export interface ParsedText {
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Line and column of the key or value at `path`, or of the nearest thing around it that exists. */
  place(path: Path, at: "key" | "value"): { readonly line: number; readonly column: number };
}

const START = { line: 1, column: 1 };

/** Never throws: what is wrong with the text is in `problems`. */
export function parseText(input: string | Uint8Array): ParsedText {
  const size = typeof input === "string" ? Buffer.byteLength(input) : input.byteLength;
  if (size > MOST_BYTES) return refuse(`the file has ${size} bytes, more than ${MOST_BYTES}.`, "Is this the right file?");
  const text = typeof input === "string" ? input : decodeUtf8(input);
  if (text === undefined) return refuse("the file is not written in UTF-8.", "Save it again with the encoding UTF-8, without byte order mark.");
  const unprintable = text.search(/[\0\u0001-\u0008\u000e-\u001f]/);
  if (unprintable >= 0) return refuse("the file holds control characters, so it is no text.", "Is this the right file?", placeOf(text, unprintable));
  try {
    return parseYaml(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    // The parser and its tree walk recurse: text that nests beyond the stack ends them with a RangeError.
    return refuse(error instanceof RangeError ? "the settings are nested too deeply." : `the file cannot be parsed: ${String(error)}.`);
  }
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function refuse(message: string, remedy?: string, place = START): ParsedText {
  return { value: undefined, problems: [{ ...place, message, remedy }], place: () => place };
}

function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

function parseYaml(text: string): ParsedText {
  const lines = new LineCounter();
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  // uniqueKeys compares every key with every other: a large map would take minutes. `inspectTree` takes one pass.
  const documents = [...parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, merge: false, resolveKnownTags: false, logLevel: "error", version: "1.2" })];
  const document: Document = documents[0] ?? new Document(null);
  const syntax = [...document.errors, ...document.warnings].slice(0, MOST_FINDINGS);
  const problems: Problem[] = syntax.map((error) => ({ ...at(error.pos[0]), ...explainSyntax(error) }));
  const second = documents[1];
  if (second !== undefined) problems.push({ ...at(second.range[0]), message: "a second document begins here.", remedy: "Remove the line `---` or what follows it: a configuration is one document." });
  for (const { offset, ...problem } of inspectTree(document)) problems.push({ ...at(offset), ...problem });
  const value: unknown = problems.length === 0 ? (document.toJS() ?? {}) : undefined;
  return { value, problems, place: (path, which) => at(findOffset(document, path, which)) };
}
