// Reads a ZIP file as its readers do, from the directory at its end (APPNOTE 4.3.12, 4.3.16).

import { inflateRawSync } from "node:zlib";

/** The files of it by their names. Only what `yazl` writes: no ZIP64, no encryption. */
export function unzip(bytes: Buffer): ReadonlyMap<string, string> {
  const end = bytes.lastIndexOf(Buffer.from("504b0506", "hex"));
  if (end < 0) throw new Error("there is no end of a ZIP file");
  const files = new Map<string, string>();
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left -= 1) {
    const method = bytes.readUInt16LE(at + 10);
    const size = bytes.readUInt32LE(at + 20);
    const [nameLength, extraLength, commentLength] = [bytes.readUInt16LE(at + 28), bytes.readUInt16LE(at + 30), bytes.readUInt16LE(at + 32)];
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const data = bytes.subarray(start, start + size);
    files.set(bytes.toString("utf8", at + 46, at + 46 + nameLength), (method === 0 ? data : inflateRawSync(data)).toString("utf8"));
    at += 46 + nameLength + extraLength + commentLength;
  }
  return files;
}
