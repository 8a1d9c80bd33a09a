// Reads a secret from standard input: a terminal is asked without echo, a pipe or file is read to its end.

import type { ReadStream } from "node:tty";
import { Fault } from "../../drivers/contract/fault.ts";
import { MAX_SECRET_LENGTH } from "../core/vault/vault.ts";

const INTERRUPT = "\u0003";
const END_OF_INPUT = "\u0004";
const BACKSPACES = ["\u007f", "\b"];
/** UTF-8 takes at most four bytes for a character. */
const MAX_BYTES_PER_CHARACTER = 4;

/** The text without one trailing newline. Throws INPUT_INVALID when it is empty or too long, CANCELLED on Ctrl-C. */
export async function readSecretText(prompt: string, input: ReadStream | NodeJS.ReadStream = process.stdin, maxLength = MAX_SECRET_LENGTH): Promise<string> {
  const text = input.isTTY ? await askWithoutEcho(prompt, input) : (await readToEnd(input, maxLength * MAX_BYTES_PER_CHARACTER)).replace(/\r?\n$/, "");
  if (text === "") throw new Fault("INPUT_INVALID", "the secret is empty", { where: "standard input", remedy: "Pipe it in: weir secret set NAME < file" });
  if (text.length > maxLength) throw new Fault("INPUT_INVALID", `the secret has ${text.length} characters, more than ${maxLength}`, { where: "standard input" });
  return text;
}

async function readToEnd(input: AsyncIterable<Buffer | string>, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of input) {
    const bytes = Buffer.from(part);
    size += bytes.length;
    if (size > maxBytes) throw new Fault("INPUT_INVALID", "there is more on standard input than a secret may have", { where: "standard input" });
    parts.push(bytes);
  }
  const all = Buffer.concat(parts);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(all);
  } catch {
    throw new Fault("INPUT_INVALID", "the secret is no text (UTF-8)", { where: "standard input", remedy: "Encode bytes first, e.g. with base64, or use the PEM form of a key." });
  } finally {
    for (const part of [...parts, all]) part.fill(0);
  }
}

function askWithoutEcho(prompt: string, input: NodeJS.ReadStream | ReadStream): Promise<string> {
  process.stderr.write(prompt);
  input.setRawMode(true);
  input.setEncoding("utf8");
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let typed = "";
  const take = (chunk: string): void => {
    for (const character of chunk) {
      if (character === "\r" || character === "\n" || character === END_OF_INPUT) return resolve(typed);
      if (character === INTERRUPT) return reject(new Fault("CANCELLED", "nothing was set"));
      typed = BACKSPACES.includes(character) ? typed.slice(0, -1) : typed + character;
    }
  };
  const end = (): void => resolve(typed);
  input.on("data", take);
  input.once("end", end);
  return promise.finally(() => {
    input.off("data", take);
    input.off("end", end);
    input.setRawMode(false);
    input.pause();
    process.stderr.write("\n");
  });
}
