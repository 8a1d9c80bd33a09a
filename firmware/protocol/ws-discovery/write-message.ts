// From a WS-Discovery message to its XML, in the words of its version.

import type { AppSequence, Target, WsdKind, WsdMessage } from "./message.ts";
import { SOAP, VOCABULARIES } from "./vocabulary.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { escapeXml } from "./xml.ts";
import type { QName } from "./xml.ts";

const ACTION_OF: Readonly<Record<WsdKind, string>> = { hello: "Hello", bye: "Bye", probe: "Probe", probeMatches: "ProbeMatches", resolve: "Resolve", resolveMatches: "ResolveMatches" };

/** The same message gives the same text. `readMessage` reads it back as it was, as far as texts hold what XML can carry. */
export function writeMessage(message: WsdMessage): Buffer {
  const words = VOCABULARIES[message.version];
  const isAnswer = message.kind === "probeMatches" || message.kind === "resolveMatches";
  const header = [
    element("a:Action", `${words.discovery}/${ACTION_OF[message.kind]}`),
    element("a:MessageID", message.messageId),
    "relatesTo" in message && message.relatesTo !== undefined ? element("a:RelatesTo", message.relatesTo) : "",
    "replyTo" in message && message.replyTo !== undefined ? `<a:ReplyTo>${element("a:Address", message.replyTo)}</a:ReplyTo>` : "",
    element("a:To", isAnswer ? words.anonymous : words.to),
    "sequence" in message && message.sequence !== undefined ? writeSequence(message.sequence) : "",
  ];
  return Buffer.from(wrapEnvelope(words, header.join(""), writeBody(message)));
}

/** An envelope around a header and a body that are written already; prefixes: s, a, d. */
export function wrapEnvelope(words: Vocabulary, header: string, body: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="${SOAP}" xmlns:a="${words.addressing}" xmlns:d="${words.discovery}"><s:Header>${header}</s:Header><s:Body>${body}</s:Body></s:Envelope>`;
}

export function element(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`;
}

function writeBody(message: WsdMessage): string {
  switch (message.kind) {
    case "hello":
      return `<d:Hello>${writeTarget(message.target)}</d:Hello>`;
    case "bye":
      return `<d:Bye>${writeEndpoint(message.endpoint)}</d:Bye>`;
    case "probe":
      return `<d:Probe>${writeTypes(message.types)}${writeScopes(message.filter.scopes, message.filter.matchBy)}</d:Probe>`;
    case "resolve":
      return `<d:Resolve>${writeEndpoint(message.endpoint)}</d:Resolve>`;
    case "probeMatches":
      return `<d:ProbeMatches>${message.matches.map((match) => `<d:ProbeMatch>${writeTarget(match)}</d:ProbeMatch>`).join("")}</d:ProbeMatches>`;
    case "resolveMatches":
      break;
  }
  return `<d:ResolveMatches>${message.match === undefined ? "" : `<d:ResolveMatch>${writeTarget(message.match)}</d:ResolveMatch>`}</d:ResolveMatches>`;
}

function writeTarget({ endpoint, types, scopes, xaddrs, metadataVersion }: Target): string {
  return [writeEndpoint(endpoint), writeTypes(types), writeScopes(scopes, undefined), xaddrs.length === 0 ? "" : element("d:XAddrs", xaddrs.join(" ")), element("d:MetadataVersion", String(metadataVersion))].join("");
}

function writeEndpoint(endpoint: string): string {
  return `<a:EndpointReference>${element("a:Address", endpoint)}</a:EndpointReference>`;
}

/** Some responders compare the text `wsdp:Device` and not what the prefix stands for. */
const KNOWN_PREFIXES: Readonly<Record<string, string>> = Object.fromEntries(Object.values(VOCABULARIES).map(({ dpws }) => [dpws, "wsdp"]));

function writeTypes(types: readonly QName[]): string {
  if (types.length === 0) return "";
  const prefixes = new Map<string, string>();
  for (const { namespace } of types) {
    const known = KNOWN_PREFIXES[namespace];
    const isFree = known !== undefined && ![...prefixes.values()].includes(known);
    if (namespace !== "" && !prefixes.has(namespace)) prefixes.set(namespace, isFree ? known : `t${prefixes.size}`);
  }
  const declared = [...prefixes].map(([namespace, prefix]) => ` xmlns:${prefix}="${escapeXml(namespace)}"`).join("");
  const names = types.map(({ namespace, name }) => (namespace === "" ? escapeXml(name) : `${prefixes.get(namespace) ?? ""}:${escapeXml(name)}`));
  return `<d:Types${declared}>${names.join(" ")}</d:Types>`;
}

function writeScopes(scopes: readonly string[], matchBy: string | undefined): string {
  if (scopes.length === 0 && matchBy === undefined) return "";
  return `<d:Scopes${matchBy === undefined ? "" : ` MatchBy="${escapeXml(matchBy)}"`}>${escapeXml(scopes.join(" "))}</d:Scopes>`;
}

function writeSequence({ instanceId, sequenceId, messageNumber }: AppSequence): string {
  return `<d:AppSequence InstanceId="${instanceId}"${sequenceId === undefined ? "" : ` SequenceId="${escapeXml(sequenceId)}"`} MessageNumber="${messageNumber}"/>`;
}
