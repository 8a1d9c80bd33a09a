// A small DNS server on loopback (RFC 1035), UDP and TCP, whose answers the test changes while it runs.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

import type { Defer } from "./attempt.ts";
import { findFreePort } from "./free-port.ts";
import { listenOnLoopback } from "./listen.ts";

/** What the server says of a name: addresses of each family (`silence`: it does not answer to that question), or how it fails. */
export type Zone = { readonly a?: readonly string[] | "silence"; readonly aaaa?: readonly string[] | "silence"; readonly ttl?: number } | "no such name" | "failure" | "silence";

export interface DnsServer {
  /** `127.0.0.1:port`, as `setServers` of node:dns takes it. */
  readonly address: string;
  /** Names without an answer do not exist. */
  set(name: string, zone: Zone): void;
  /** How often a name was asked for, both families counted. */
  asked(name: string): number;
  /** How many questions came over TCP. */
  readonly overTcp: number;
}

const TYPE = { a: 1, aaaa: 28 } as const;
const HEADER_BYTES = 12;
/** Longer answers are cut, and asked for again over TCP (RFC 1035 §4.2.1). */
const UDP_BYTES = 512;

/** Answers on one port by both protocols; closed at the test's end. */
export async function startDnsServer(defer: Defer): Promise<DnsServer> {
  const zones = new Map<string, Zone>();
  const counts = new Map<string, number>();
  let overTcp = 0;
  const answer = (message: Buffer): Buffer | undefined => {
    const question = readQuestion(message);
    counts.set(question.name, (counts.get(question.name) ?? 0) + 1);
    return writeAnswer(message, question, zones.get(question.name) ?? "no such name");
  };
  const port = await findFreePort();
  const udp = createSocket("udp4").on("message", (message, { port: to, address }) => {
    const full = answer(message);
    if (full !== undefined) udp.send(full.length > UDP_BYTES ? cut(full, message) : full, to, address);
  });
  defer(() => udp.close());
  udp.bind(port, "127.0.0.1");
  await once(udp, "listening");
  const tcp = createServer((socket) => {
    let unread = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      for (unread = Buffer.concat([unread, chunk]); unread.length > 2 && unread.length >= 2 + unread.readUInt16BE(0); ) {
        const end = 2 + unread.readUInt16BE(0);
        const full = answer(unread.subarray(2, end));
        unread = unread.subarray(end);
        overTcp += 1;
        if (full !== undefined) socket.write(Buffer.concat([uint16(full.length), full]));
      }
    });
  });
  const { close } = await listenOnLoopback(tcp, port);
  defer(close);
  return {
    address: `127.0.0.1:${port}`,
    set: (name, zone) => void zones.set(name, zone),
    asked: (name) => counts.get(name) ?? 0,
    get overTcp() {
      return overTcp;
    },
  };
}

interface Question {
  readonly name: string;
  readonly type: number;
  /** Where the question ends in the message. */
  readonly end: number;
}

function readQuestion(message: Buffer): Question {
  const labels: string[] = [];
  let place = HEADER_BYTES;
  for (let length = message.readUInt8(place); length > 0; length = message.readUInt8(place)) {
    labels.push(message.toString("latin1", place + 1, place + 1 + length).toLowerCase());
    place += 1 + length;
  }
  return { name: labels.join("."), type: message.readUInt16BE(place + 1), end: place + 5 };
}

function writeAnswer(message: Buffer, { type, end }: Question, zone: Zone): Buffer | undefined {
  if (zone === "silence") return undefined;
  const question = message.subarray(HEADER_BYTES, end);
  if (typeof zone === "string") return Buffer.concat([header(message, zone === "failure" ? 2 : 3, 0), question]);
  const addresses = type === TYPE.a ? (zone.a ?? []) : type === TYPE.aaaa ? (zone.aaaa ?? []) : [];
  if (addresses === "silence") return undefined;
  const records = addresses.map((address) => {
    const bytes = type === TYPE.a ? Buffer.from(address.split(".").map(Number)) : addressBytes(address);
    // 0xc00c points back to the question's name.
    return Buffer.concat([uint16(0xc00c), uint16(type), uint16(1), uint32(zone.ttl ?? 60), uint16(bytes.length), bytes]);
  });
  return Buffer.concat([header(message, 0, records.length), question, ...records]);
}

/** Response, recursion asked for and available, with the question's id. */
function header(message: Buffer, code: number, answers: number): Buffer {
  return Buffer.concat([message.subarray(0, 2), uint16(0x8180 | code), uint16(1), uint16(answers), uint16(0), uint16(0)]);
}

function cut(full: Buffer, message: Buffer): Buffer {
  const short = Buffer.from(full.subarray(0, readQuestion(message).end));
  short.writeUInt16BE(0x8380, 2);
  short.writeUInt16BE(0, 6);
  return short;
}

function addressBytes(address: string): Buffer {
  const [left = "", right] = address.split("::");
  const parts = (text: string): number[] => (text === "" ? [] : text.split(":").map((part) => Number.parseInt(part, 16)));
  const [head, tail] = [parts(left), parts(right ?? "")];
  const groups = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail];
  return Buffer.concat(groups.map(uint16));
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

function uint32(value: number): Buffer {
  return Buffer.concat([uint16(value >>> 16), uint16(value & 0xffff)]);
}
