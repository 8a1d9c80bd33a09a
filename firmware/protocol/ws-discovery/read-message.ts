// From the bytes of a datagram or an HTTP body to a WS-Discovery message. Whatever is not one is refused: it is never answered.

import { Fault } from "../../../drivers/contract/fault.ts";
import type { AppSequence, ScopeFilter, Target, WsdKind, WsdMessage } from "./message.ts";
import { CAPS, SOAP, VOCABULARIES, WSD_VERSIONS } from "./vocabulary.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { childOf, childrenOf, decodeXml, readXml } from "./xml.ts";
import type { QName, XmlElement } from "./xml.ts";

const ACTIONS: Readonly<Record<string, WsdKind>> = { Hello: "hello", Bye: "bye", Probe: "probe", ProbeMatches: "probeMatches", Resolve: "resolve", ResolveMatches: "resolveMatches" };
const MAX_COUNTER = 4_294_967_295;

/** `maxBytes` is one of CAPS. Throws PEER_PROTOCOL. */
export function readMessage(bytes: Uint8Array, maxBytes: number = CAPS.udpBytes): WsdMessage {
  if (bytes.length > maxBytes) refuse(`${bytes.length} bytes where ${maxBytes} are the most`);
  const envelope = readXml(decodeXml(bytes));
  if (envelope.namespace !== SOAP || envelope.name !== "Envelope") refuse("no SOAP 1.2 envelope");
  const header = childOf(envelope, SOAP, "Header") ?? refuse("no header");
  const body = childOf(envelope, SOAP, "Body") ?? refuse("no body");
  const { words, kind } = readAction(header);
  const content = body.children.find(({ namespace }) => namespace === words.discovery) ?? refuse("nothing of WS-Discovery in the body");
  if (ACTIONS[content.name] !== kind) refuse("a body that is not what the action says");
  return readKind(kind, words, header, content);
}

function readAction(header: XmlElement): { readonly words: Vocabulary; readonly kind: WsdKind } {
  for (const version of WSD_VERSIONS) {
    const words = VOCABULARIES[version];
    const action = childOf(header, words.addressing, "Action")?.text;
    if (action === undefined || !action.startsWith(`${words.discovery}/`)) continue;
    const kind = ACTIONS[action.slice(words.discovery.length + 1)];
    if (kind !== undefined) return { words, kind };
  }
  return refuse("no action of WS-Discovery");
}

function readKind(kind: WsdKind, words: Vocabulary, header: XmlElement, content: XmlElement): WsdMessage {
  const envelope = { version: words.version, messageId: uri(required(childOf(header, words.addressing, "MessageID"), "message id")) };
  const sequence = readSequence(header, words);
  const relates = childOf(header, words.addressing, "RelatesTo");
  switch (kind) {
    case "hello":
      return { ...envelope, kind, sequence, target: readTarget(content, words), ...(relates === undefined ? {} : { relatesTo: uri(relates) }) };
    case "bye":
      return { ...envelope, kind, sequence, endpoint: readEndpoint(content, words) };
    case "probe":
      return { ...envelope, kind, replyTo: readReplyTo(header, words), types: readTypes(content, words), filter: readFilter(content, words) };
    case "resolve":
      return { ...envelope, kind, replyTo: readReplyTo(header, words), endpoint: readEndpoint(content, words) };
    case "probeMatches":
      return { ...envelope, kind, sequence, relatesTo: uri(required(relates, "reference to the probe")), matches: readMatches(content, words, "ProbeMatch") };
    case "resolveMatches":
      break;
  }
  return { ...envelope, kind, sequence, relatesTo: uri(required(relates, "reference to the request")), match: readMatches(content, words, "ResolveMatch")[0] };
}

function readMatches(content: XmlElement, words: Vocabulary, name: string): readonly Target[] {
  const found = childrenOf(content, words.discovery, name);
  if (found.length > CAPS.matches) refuse("more matches than are read");
  return found.map((match) => readTarget(match, words));
}

function readTarget(element: XmlElement, words: Vocabulary): Target {
  const version = childOf(element, words.discovery, "MetadataVersion");
  return {
    endpoint: readEndpoint(element, words),
    types: readTypes(element, words),
    scopes: readUris(childOf(element, words.discovery, "Scopes"), CAPS.scopes),
    xaddrs: readUris(childOf(element, words.discovery, "XAddrs"), CAPS.addresses),
    metadataVersion: counter(required(version, "metadata version").text),
  };
}

function readEndpoint(element: XmlElement, words: Vocabulary): string {
  const reference = required(childOf(element, words.addressing, "EndpointReference"), "endpoint reference");
  const endpoint = uri(required(childOf(reference, words.addressing, "Address"), "endpoint address"));
  return endpoint === "" ? refuse("an empty endpoint address") : endpoint;
}

function readReplyTo(header: XmlElement, words: Vocabulary): string | undefined {
  const reference = childOf(header, words.addressing, "ReplyTo");
  const address = reference === undefined ? undefined : childOf(reference, words.addressing, "Address");
  const text = address === undefined ? undefined : uri(address);
  return text === undefined || text === words.anonymous ? undefined : text;
}

function readFilter(content: XmlElement, words: Vocabulary): ScopeFilter {
  const element = childOf(content, words.discovery, "Scopes");
  const matchBy = element?.attributes.get("MatchBy");
  if (matchBy !== undefined && matchBy.length > CAPS.uri) refuse("a URI that is too long");
  return { scopes: readUris(element, CAPS.scopes), matchBy };
}

function readTypes(element: XmlElement, words: Vocabulary): readonly QName[] {
  const types = childOf(element, words.discovery, "Types");
  if (types === undefined) return [];
  const texts = listOf(types.text, CAPS.types);
  return texts.map((text) => {
    const [first = "", second] = text.length > CAPS.field ? refuse("a type that is too long") : text.split(":", 2);
    const [prefix, name] = second === undefined ? ["", first] : [first, second];
    // Without a default namespace, a name without a prefix is in none.
    const namespace = types.resolve(prefix) ?? (prefix === "" ? "" : undefined) ?? refuse(`a type whose prefix ${JSON.stringify(prefix)} is not declared`);
    return name === "" ? refuse("a type without a name") : { namespace, name };
  });
}

/** Where several are alike, one. */
function readUris(element: XmlElement | undefined, max: number): readonly string[] {
  const texts = listOf(element?.text ?? "", max);
  if (texts.some((text) => text.length > CAPS.uri)) refuse("a URI that is too long");
  return [...new Set(texts)];
}

function listOf(text: string, max: number): readonly string[] {
  const parts = text.split(/[ \t\r\n]+/).filter((part) => part !== "");
  return parts.length > max ? refuse(`more than ${max} entries in a list`) : parts;
}

function readSequence(header: XmlElement, words: Vocabulary): AppSequence | undefined {
  const element = childOf(header, words.discovery, "AppSequence");
  if (element === undefined) return undefined;
  const sequenceId = element.attributes.get("SequenceId");
  if (sequenceId !== undefined && sequenceId.length > CAPS.uri) refuse("a URI that is too long");
  const of = (name: string): number => counter(element.attributes.get(name) ?? refuse(`an AppSequence without ${name}`));
  return { instanceId: of("InstanceId"), messageNumber: of("MessageNumber"), ...(sequenceId === undefined ? {} : { sequenceId }) };
}

function counter(text: string): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return value <= MAX_COUNTER ? value : refuse("a counter that is none");
}

function uri(element: XmlElement): string {
  return element.text.length > CAPS.uri ? refuse("a URI that is too long") : element.text;
}

function required(element: XmlElement | undefined, what: string): XmlElement {
  return element ?? refuse(`no ${what}`);
}

function refuse(why: string): never {
  throw new Fault("PEER_PROTOCOL", `not a WS-Discovery message that is read: ${why}`);
}
