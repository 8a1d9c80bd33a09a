// What a device tells of itself by WS-Transfer Get: ThisModel and ThisDevice of the Devices Profile for Web Services.

import { Fault } from "../../../drivers/contract/fault.ts";
import { CAPS, METADATA_EXCHANGE, SOAP, TRANSFER_GET, TRANSFER_GET_RESPONSE, VOCABULARIES, WSD_VERSIONS } from "./vocabulary.ts";
import type { WsdVersion } from "./vocabulary.ts";
import { element, wrapEnvelope } from "./write-message.ts";
import { childOf, childrenOf, decodeXml, readXml } from "./xml.ts";
import type { XmlElement } from "./xml.ts";

/** What is not told is missing; each text has at most 256 characters. */
export interface DeviceMetadata {
  readonly manufacturer?: string;
  readonly modelName?: string;
  readonly modelNumber?: string;
  readonly friendlyName?: string;
  readonly firmwareVersion?: string;
  readonly serialNumber?: string;
}

/** The request to the device's address; `endpoint` is who is meant, `messageId` a URN of the sender's. */
export function writeMetadataRequest(version: WsdVersion, endpoint: string, messageId: string): Buffer {
  const words = VOCABULARIES[version];
  const header = [element("a:Action", TRANSFER_GET), element("a:MessageID", messageId), element("a:To", endpoint), `<a:ReplyTo>${element("a:Address", words.anonymous)}</a:ReplyTo>`];
  return Buffer.from(wrapEnvelope(words, header.join(""), ""));
}

/** Throws PEER_PROTOCOL for what is no answer to that request. */
export function readMetadata(bytes: Uint8Array, messageId: string): DeviceMetadata {
  if (bytes.length > CAPS.httpBytes) refuse(`${bytes.length} bytes where ${CAPS.httpBytes} are the most`);
  const envelope = readXml(decodeXml(bytes));
  const header = childOf(envelope, SOAP, "Header") ?? refuse("no header");
  const body = childOf(envelope, SOAP, "Body") ?? refuse("no body");
  const words = WSD_VERSIONS.map((version) => VOCABULARIES[version]).find(({ addressing }) => childOf(header, addressing, "Action")?.text === TRANSFER_GET_RESPONSE) ?? refuse("not the answer to Get");
  const relatesTo = childOf(header, words.addressing, "RelatesTo")?.text;
  if (relatesTo !== undefined && relatesTo !== messageId) refuse("the answer to another request");
  const metadata = childOf(body, METADATA_EXCHANGE, "Metadata") ?? refuse("no metadata");
  const parts = childrenOf(metadata, METADATA_EXCHANGE, "MetadataSection").flatMap(({ children }) => children);
  // Devices mix the versions: a 1.1 envelope around 2006 sections is common.
  const find = (name: string): XmlElement | undefined => parts.find((part) => part.name === name && WSD_VERSIONS.some((version) => VOCABULARIES[version].dpws === part.namespace));
  const [model, device] = [find("ThisModel"), find("ThisDevice")];
  const told = {
    manufacturer: textOf(model, "Manufacturer"),
    modelName: textOf(model, "ModelName"),
    modelNumber: textOf(model, "ModelNumber"),
    friendlyName: textOf(device, "FriendlyName"),
    firmwareVersion: textOf(device, "FirmwareVersion"),
    serialNumber: textOf(device, "SerialNumber"),
  };
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined)) as DeviceMetadata;
}

/** Texts may come in several languages: English if there is one, else the first. */
function textOf(part: XmlElement | undefined, name: string): string | undefined {
  const texts = part?.children.filter((child) => child.name === name && child.namespace === part.namespace) ?? [];
  const text = (texts.find(({ language }) => language?.startsWith("en") === true) ?? texts[0])?.text;
  return text === undefined || text === "" ? undefined : text.slice(0, CAPS.field);
}

function refuse(why: string): never {
  throw new Fault("PEER_PROTOCOL", `no metadata that is read: ${why}`);
}
