// A small tree of XML elements, read with every cap that a hostile datagram calls for: no DTD, no entities, bounded depth, count and length.

import { SaxesParser } from "saxes";
import type { SaxesTagNS } from "saxes";
import { Fault } from "../../../drivers/contract/fault.ts";

export interface QName {
  readonly namespace: string;
  readonly name: string;
}

export interface XmlElement extends QName {
  /** By local name; only attributes without a namespace. */
  readonly attributes: ReadonlyMap<string, string>;
  /** xml:lang of the element itself. */
  readonly language: string | undefined;
  readonly children: readonly XmlElement[];
  /** Own text without that of the children, trimmed. */
  readonly text: string;
  /** The namespace that a prefix stands for here; undefined where it is not declared. */
  resolve(prefix: string): string | undefined;
}

const MAX_DEPTH = 12;
const MAX_ELEMENTS = 1024;
const MAX_ATTRIBUTES = 16;

interface Draft extends XmlElement {
  readonly children: XmlElement[];
  text: string;
}

/** Throws PEER_PROTOCOL for what is not well-formed, has a DTD, a processing instruction or an entity of its own, or goes beyond a cap. */
export function readXml(text: string): XmlElement {
  const parser = new SaxesParser({ xmlns: true, position: false });
  const open: Draft[] = [];
  let root: Draft | undefined;
  let count = 0;
  parser.on("error", (error) => refuse(error.message));
  parser.on("doctype", () => refuse("a document type"));
  parser.on("processinginstruction", () => refuse("a processing instruction"));
  parser.on("opentag", (tag) => {
    count += 1;
    if (open.length >= MAX_DEPTH || count > MAX_ELEMENTS) refuse("more elements than any message has");
    const element = makeDraft(tag, open.at(-1));
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  const addText = (words: string): void => {
    const current = open.at(-1);
    if (current !== undefined) current.text += words;
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("closetag", () => {
    const closed = open.pop();
    if (closed !== undefined) closed.text = closed.text.trim();
  });
  parser.write(text).close();
  return root ?? refuse("no element");
}

/** UTF-8, with or without a byte order mark. Throws PEER_PROTOCOL. */
export function decodeXml(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return refuse("bytes that are not UTF-8");
  }
}

export function childOf(element: XmlElement, namespace: string, name: string): XmlElement | undefined {
  return element.children.find((child) => child.namespace === namespace && child.name === name);
}

export function childrenOf(element: XmlElement, namespace: string, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.namespace === namespace && child.name === name);
}

/** Text for an element or attribute. What XML 1.0 cannot carry (control characters, half surrogates) becomes U+FFFD. */
export function escapeXml(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.toWellFormed().replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd").replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function makeDraft(tag: SaxesTagNS, parent: Draft | undefined): Draft {
  const attributes = Object.values(tag.attributes);
  if (attributes.length > MAX_ATTRIBUTES) refuse("more attributes than any message has");
  const plain = attributes.filter(({ uri }) => uri === "").map(({ local, value }) => [local, value] as const);
  const declared = tag.ns;
  return {
    namespace: tag.uri,
    name: tag.local,
    attributes: new Map(plain),
    language: attributes.find(({ prefix, local }) => prefix === "xml" && local === "lang")?.value,
    children: [],
    text: "",
    resolve: (prefix) => (Object.hasOwn(declared, prefix) ? declared[prefix] : parent?.resolve(prefix)),
  };
}

function refuse(why: string): never {
  throw new Fault("PEER_PROTOCOL", `not a message that is read: ${why.slice(0, 120)}`);
}
