// The headers of a conduit: who calls, which request it is, and what describes a raw body.

import { Fault } from "../../drivers/contract/fault.ts";
import type { RequestIdentity } from "../conduit/route.ts";

export const EPOCH_HEADER = "weir-epoch";
export const NUMBER_HEADER = "weir-number";
export const HEAD_HEADER = "weir-head";
/** Session or token of the person for whom a zone asks; the address that person comes from. */
export const BEARER_HEADER = "weir-bearer";
export const SOURCE_HEADER = "weir-source";

/** What a head may have in bytes: 10,000 ranges of sequence numbers fit. */
export const MAX_HEAD_BYTES = 1_048_576;

const EPOCH = /^[A-Za-z0-9-]{1,64}$/;

/** The (epoch, number) of a POST; undefined when the caller gives none. Throws INPUT_INVALID on anything between. */
export function readIdentity(headers: Readonly<Record<string, string | readonly string[] | undefined>>): RequestIdentity | undefined {
  const epoch = headers[EPOCH_HEADER];
  const text = headers[NUMBER_HEADER];
  if (text === undefined) return undefined;
  const number = typeof text === "string" && /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN;
  if (typeof epoch !== "string" || !EPOCH.test(epoch) || !Number.isSafeInteger(number)) {
    throw new Fault("INPUT_INVALID", `the headers ${EPOCH_HEADER} and ${NUMBER_HEADER} do not name a request`);
  }
  return { epoch, number };
}

/** JSON in ASCII, since a header is Latin-1 at best (RFC 9110 §5.5). */
export function writeHead(head: unknown): string {
  return JSON.stringify(head).replace(/[\u007f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A session's or token's text and an address: letters, digits and a few signs, so that nothing else ever gets into a log or a look-up. */
const PLAIN = /^[A-Za-z0-9._:%~+/=-]{1,128}$/;

/** For whom a zone asks. What does not look like one is none. */
export function readPerson(headers: Readonly<Record<string, string | readonly string[] | undefined>>): { readonly bearer?: string; readonly source?: string } {
  const plain = (header: string | readonly string[] | undefined): string | undefined => (typeof header === "string" && PLAIN.test(header) ? header : undefined);
  const bearer = plain(headers[BEARER_HEADER]);
  const source = plain(headers[SOURCE_HEADER]);
  return { ...(bearer === undefined ? {} : { bearer }), ...(source === undefined ? {} : { source }) };
}
