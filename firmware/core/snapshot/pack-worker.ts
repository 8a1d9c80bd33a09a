// The thread that `packSnapshot` starts: takes what core gathered, piece by piece, makes the files of it and writes them as one ZIP.

import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { parentPort, workerData } from "node:worker_threads";
import { ZipFile } from "yazl";
import { makeContents } from "./contents.ts";
import type { Packing, PackOrder } from "./pack.ts";

const { file, timeMs } = workerData as PackOrder;
const pieces = new Map<string, string[]>();

parentPort?.on("message", (message: Packing) => {
  if (message.text !== undefined) {
    const known = pieces.get(message.name);
    if (known === undefined) pieces.set(message.name, [message.text]);
    else known.push(message.text);
    return;
  }
  void pack().then(() => parentPort?.postMessage({ names: [...pieces.keys()] }));
});

async function pack(): Promise<void> {
  const zip = new ZipFile();
  const written = pipeline(zip.outputStream, createWriteStream(file, { mode: 0o600 }));
  const gathered = Object.fromEntries([...pieces].map(([name, texts]) => [name, texts.join("")]));
  for (const [name, text] of makeContents(gathered)) zip.addBuffer(Buffer.from(text, "utf8"), name, { mtime: new Date(timeMs) });
  zip.end();
  await written;
}
