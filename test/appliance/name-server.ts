// A name server for a town's cloud: answers A and AAAA of the names it is told, and NXDOMAIN to everything else. `node name-server.ts ADDRESS NAME=ADDRESS…`

import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";

const [listen = "127.0.0.1", ...records] = process.argv.slice(2);
const known = records.map((record) => record.split("=") as [string, string]);
const TYPE_A = 1;
const TYPE_AAAA = 28;

const socket = createSocket("udp4");
socket.on("message", (question, { address, port }) => socket.send(answer(question), port, address));
socket.bind(53, listen, () => process.stdout.write("answering\n"));

/** RFC 1035 §4: header, the question as it came, and the addresses of its type. */
function answer(question: Buffer): Buffer {
  // 1: no question that could be read.
  if (question.length < 17) return Buffer.from([question[0] ?? 0, question[1] ?? 0, 0x80, 0x81, 0, 0, 0, 0, 0, 0, 0, 0]);
  const labels: string[] = [];
  let place = 12;
  for (let length = question[place] ?? 0; length > 0; length = question[place] ?? 0) {
    labels.push(question.toString("latin1", place + 1, place + 1 + length));
    place += 1 + length;
  }
  const name = labels.join(".").toLowerCase();
  const type = question.readUInt16BE(place + 1);
  const named = known.filter(([one]) => one === name);
  const answers = named.filter(([, address]) => type === (isIPv6(address) ? TYPE_AAAA : TYPE_A)).map(([, address]) => record(type, address));
  const header = Buffer.alloc(12);
  question.copy(header, 0, 0, 2);
  // An answer, recursion available; 3: there is no such name.
  header.writeUInt16BE(named.length === 0 ? 0x81_83 : 0x81_80, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  return Buffer.concat([header, question.subarray(12, place + 5), ...answers]);
}

function record(type: number, address: string): Buffer {
  const bytes = type === TYPE_A ? Buffer.from(address.split(".").map(Number)) : addressBytes(address);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc0_0c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(bytes.length, 10);
  return Buffer.concat([head, bytes]);
}

function addressBytes(address: string): Buffer {
  const [left = [], right = []] = address.split("::").map((half) => half.split(":").filter((group) => group !== ""));
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
  return Buffer.from(groups.map((group) => group.padStart(4, "0")).join(""), "hex");
}
