// Walks a parsed YAML document: what may not stand in a configuration although YAML allows it, and where each setting stands.

import { isAlias, isMap, isNode, isScalar, isSeq, type Document, type YAMLError } from "yaml";
import { MOST_FINDINGS, type Path } from "./problems.ts";
import { describeValue, quote } from "./words.ts";

const MOST_DEPTH = 64;

interface TreeProblem {
  readonly offset: number;
  readonly message: string;
  readonly remedy: string;
}

/** Keys that stand twice, keys that are no text, aliases and excessive depth. A key that stands twice is told with each repeat. */
export function inspectTree(document: Document): readonly TreeProblem[] {
  const problems: TreeProblem[] = [];
  inspectNode(document.contents, 0, problems);
  return problems;
}

function inspectNode(node: unknown, depth: number, problems: TreeProblem[]): void {
  const offset = offsetOf(node) ?? 0;
  if (problems.length >= MOST_FINDINGS) return;
  if (depth > MOST_DEPTH) {
    problems.push({ offset, message: `the settings are nested more than ${MOST_DEPTH} levels deep.`, remedy: "Check the indentation." });
  } else if (isAlias(node)) {
    problems.push({ offset, message: `\`*${node.source}\` refers to another place of the file, which a configuration may not.`, remedy: "Write the settings out." });
  } else if (isSeq(node)) {
    for (const item of node.items) inspectNode(item, depth + 1, problems);
  } else if (isMap(node)) {
    const seen = new Set<string>();
    for (const pair of node.items) {
      if (problems.length >= MOST_FINDINGS) return;
      inspectKey(pair.key, offset, seen, problems);
      inspectNode(pair.value, depth + 1, problems);
    }
  }
}

function inspectKey(key: unknown, mapOffset: number, seen: Set<string>, problems: TreeProblem[]): void {
  const offset = offsetOf(key) ?? mapOffset;
  const name = isScalar(key) ? key.value : undefined;
  if (typeof name !== "string") {
    const found = isScalar(key) ? describeValue(name) : describeValue(isSeq(key) ? [] : {});
    problems.push({ offset, message: `${found} stands where the name of a setting is wanted.`, remedy: "Put quotes around it if it is meant as a name." });
  } else if (seen.has(name)) {
    problems.push({ offset, message: `${quote(name)} stands here for the second time.`, remedy: "Keep one of the two." });
  } else {
    seen.add(name);
  }
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** Offset in the text of the key or the value at `path`, or of the nearest thing around it that exists. */
export function findOffset(document: Document, path: Path, at: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = offsetOf(node) ?? 0;
  for (const [index, part] of path.entries()) {
    const next = stepInto(node, part);
    if (next === undefined) break;
    const isLast = index === path.length - 1;
    offset = (isLast && at === "value" ? undefined : next.keyOffset) ?? offsetOf(next.value) ?? next.keyOffset ?? offset;
    node = next.value;
  }
  return offset;
}

function stepInto(node: unknown, part: string | number): { readonly keyOffset: number | undefined; readonly value: unknown } | undefined {
  if (isSeq(node) && typeof part === "number") return { keyOffset: undefined, value: node.items[part] };
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
  return pair === undefined ? undefined : { keyOffset: offsetOf(pair.key), value: isEmpty(pair.value) ? undefined : pair.value };
}

/** A key without a value has an empty node behind it, often on another line: the key is the better place. */
function isEmpty(node: unknown): boolean {
  return isScalar(node) && node.value === null && (node.source ?? "") === "";
}

const WORDS: Readonly<Partial<Record<YAMLError["code"], { readonly message: string; readonly remedy: string }>>> = {
  TAB_AS_INDENT: { message: "a tab is used for indentation.", remedy: "Use spaces: YAML allows no tabs there." },
  BAD_INDENT: { message: "the indentation does not fit the lines above, or a bracket is not closed.", remedy: "Line the settings of one group up, and close what was opened." },
  TAG_RESOLVE_FAILED: { message: "a tag (`!name`) stands here, which a configuration does not use.", remedy: "Remove it, or put quotes around the text." },
  MISSING_CHAR: { message: "something is missing here: a colon after a name, a quote or a bracket.", remedy: "Check this line and the one above." },
};

/** The parser's fault in plain words, where we have better ones than its own. */
export function explainSyntax(error: YAMLError): { readonly message: string; readonly remedy: string } {
  const known = WORDS[error.code];
  if (known !== undefined) return known;
  return { message: `this is not valid YAML: ${error.message.replace(/\.?$/, ".")}`, remedy: "Check this line and the one above." };
}
