// Changes one setting in the text of a configuration and leaves every other character alone: comments, order, alignment, quotes.

import { isDeepStrictEqual } from "node:util";
import { Document, isCollection, isMap, isNode, isScalar, isSeq, parseDocument, type Node } from "yaml";
import { Fault } from "../../drivers/contract/fault.ts";
import { writePath, type Path } from "./problems.ts";

/**
 * The text with the setting at `path` changed to `value`, or taken out where `value` is undefined. Groups on the way that do
 * not stand there yet are added. The text must be one that `loadConfiguration` accepts; the result is not checked against the
 * schema: load it before it is used. Throws Fault INPUT_INVALID where the path leads through something that is no group.
 */
export function changeSetting(text: string, path: Path, value: unknown): string {
  const document = parseDocument(text);
  const wanted = changedDocument(text, path, value);
  const edited = value === undefined ? undefined : (replaceScalar(text, document, path, value) ?? insertKey(text, document, path, value));
  // An edit of the text is only taken when it says exactly what the changed document says; else the document is written anew.
  return edited !== undefined && isSame(edited, wanted) ? edited : write(wanted);
}

function changedDocument(text: string, path: Path, value: unknown): Document {
  const document: Document = parseDocument(text);
  try {
    if (value === undefined) document.deleteIn(path);
    else if (path.length === 0) document.contents = document.createNode(value);
    else setIn(document, path, value);
  } catch (error) {
    throw new Fault("INPUT_INVALID", `${writePath(path)} cannot be set: ${error instanceof Error ? error.message : String(error)}.`, { cause: error });
  }
  return document;
}

function setIn(document: Document, path: Path, value: unknown): void {
  const old = document.getIn(path, true);
  // A key without a value (all its lines commented out) becomes a group as soon as something is put into it.
  for (let length = path.length - 1; length > 0; length -= 1) {
    const parent = document.getIn(path.slice(0, length), true);
    if (isScalar(parent) && parent.value === null) document.setIn(path.slice(0, length), document.createNode(typeof path[length] === "number" ? [] : {}));
  }
  const node = document.createNode(value);
  if (isNode(old)) keepComments(old, node);
  document.setIn(path, node);
}

function keepComments(old: Node, node: Node): void {
  if (old.commentBefore !== undefined) node.commentBefore = old.commentBefore;
  if (old.comment !== undefined) node.comment = old.comment;
  if (old.spaceBefore !== undefined) node.spaceBefore = old.spaceBefore;
  if (isCollection(old) && isCollection(node) && old.flow !== undefined) node.flow = old.flow;
}

function isSame(text: string, wanted: Document): boolean {
  const document = parseDocument(text);
  return document.errors.length === 0 && isDeepStrictEqual(document.toJS(), wanted.toJS());
}

function write(document: Document): string {
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function render(value: unknown): string {
  return write(new Document(value)).replace(/\n$/, "");
}

/** A single value in place of another: only its own characters change. */
function replaceScalar(text: string, document: Document, path: Path, value: unknown): string | undefined {
  const node = document.getIn(path, true);
  if (!isScalar(node) || typeof value === "object") return undefined;
  const [start, end] = node.range ?? [0, 0];
  if (start === end) return undefined;
  return text.slice(0, start) + render(value) + text.slice(end);
}

/** A new key behind the last one of a group that is written in lines of its own. */
function insertKey(text: string, document: Document, path: Path, value: unknown): string | undefined {
  let depth = path.length - 1;
  while (depth > 0 && !document.hasIn(path.slice(0, depth))) depth -= 1;
  const parent = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
  const addition = path.slice(depth).reduceRight<unknown>((inner, part) => (typeof part === "number" ? [inner] : { [part]: inner }), value);
  if (!isMap(parent) || parent.flow === true || isSeq(addition)) return undefined;
  const first = parent.items[0]?.key;
  const last = parent.items.at(-1);
  const tail = isNode(last?.value) ? last.value : last?.key;
  const start = isNode(first) ? first.range?.[0] : undefined;
  const end = isNode(tail) ? tail.range?.[1] : undefined;
  if (start === undefined || end === undefined) return undefined;
  const indent = " ".repeat(start - (text.lastIndexOf("\n", start - 1) + 1));
  const lineEnd = endOfContent(text, end);
  const lines = render(addition).replace(/^(?=.)/gm, indent);
  return `${text.slice(0, lineEnd)}${text.slice(0, lineEnd).endsWith("\n") ? "" : "\n"}${lines}\n${text.slice(lineEnd).replace(/^\n/, "")}`;
}

/** End of the line that the content ends in; a block's range may already reach beyond its last line break. */
function endOfContent(text: string, end: number): number {
  const trimmed = text.slice(0, end).trimEnd().length;
  const lineEnd = text.indexOf("\n", trimmed);
  return lineEnd < 0 ? text.length : lineEnd;
}
