// Enrols one machine through the running gateway and puts what it is given where it was asked for.

import { createReadStream } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../drivers/contract/fault.ts";
import type { assetRoutes } from "../conduit/assets.ts";
import type { ReplyOf } from "../conduit/route.ts";
import { errorCode } from "../runtime/error-code.ts";
import { askRunningCore } from "./ask-core.ts";
import { openFolderFor, writeNewFile } from "./new-file.ts";
import { printable, readKey } from "./printable.ts";

export interface EnrolOptions {
  readonly data: string;
  readonly password?: true;
  readonly certificate?: true;
  readonly request?: string;
  readonly out?: string;
  readonly json?: true;
}

type Enrolled = ReplyOf<(typeof assetRoutes)["enrolAsset"]>;

const FILES = { certificate: "machine.crt", key: "machine.key", password: "password.txt", ca: "ca.crt" } as const;
/** As the contract has it. */
const MOST_REQUEST = 16_384;

/** Throws NOT_FOUND for a machine that is not accepted, INPUT_INVALID for a request that is not taken or a file that is there; nothing is given out then. */
export async function enrolMachine(text: string, options: EnrolOptions): Promise<void> {
  const by = chooseProof(options);
  const { data, json, out } = options;
  const request = options.request === undefined ? undefined : await readRequestFile(options.request);
  if (out !== undefined) openFolderFor(out, Object.values(FILES));
  const enrolled = await askRunningCore(data, (client, signal) => client.call("enrolAsset", { key: readKey(text), by, ...(request === undefined ? {} : { request }) }, signal));
  const files = out === undefined ? [] : writeFiles(out, enrolled);
  process.stdout.write(json === true ? `${JSON.stringify(enrolled, null, 2)}\n` : writeEnrolled(enrolled, files));
}

/** Throws NOT_FOUND for one that is not enrolled. */
export async function disenrolMachine(text: string, data: string): Promise<void> {
  await askRunningCore(data, (client, signal) => client.call("disenrolAsset", { key: readKey(text) }, signal));
  process.stdout.write(`${printable(text)} is let in no more.\n`);
}

/** What a person reads who sets up the machine. */
export function writeEnrolled({ user, password, certificate, urls }: Enrolled, files: readonly string[]): string {
  const lines = [`${user} may publish to the gateway.`];
  lines.push(urls.length === 0 ? "Publish to: no port for machines is open yet (`network.field[].ingestTls`)" : `Publish to: ${urls.join(", ")}`);
  if (password !== undefined) lines.push(`User:       ${user}`, files.length === 0 ? `Password:   ${password}` : "Password:   in the file below", "The password is not kept here and is not shown again; a former one counts no more.");
  if (files.length > 0) lines.push("Files:", ...files.map((file) => `  ${file}`));
  else if (certificate !== undefined) lines.push(certificate.trimEnd());
  if (files.length === 0) lines.push("The authority that the machine checks the gateway's certificate against: `weir ca export`.");
  return `${lines.join("\n")}\n`;
}

/** What the options say, before anything is asked for. Throws INPUT_INVALID. */
export function chooseProof({ password, certificate, request, out, json }: EnrolOptions): "password" | "certificate" {
  const isCertificate = certificate === true || request !== undefined;
  if ((password === true) === isCertificate) throw new Fault("INPUT_INVALID", "say by what the machine shall prove itself", { remedy: "Give --password, or --certificate, or --request FILE." });
  if (isCertificate && request === undefined && out === undefined && json !== true) throw new Fault("INPUT_INVALID", "a private key is not printed on a screen", { remedy: "Name a folder with --out, or make the key at the machine and give its request with --request." });
  return isCertificate ? "certificate" : "password";
}

function writeFiles(folder: string, enrolled: Enrolled): readonly string[] {
  const files: string[] = [];
  for (const part of ["ca", "certificate", "key", "password"] as const) {
    const text = enrolled[part];
    if (text === undefined) continue;
    const file = join(folder, FILES[part]);
    // No line feed behind a password: what reads the file takes it whole.
    writeNewFile(file, text);
    files.push(file);
  }
  return files;
}

async function readRequestFile(file: string): Promise<string> {
  const parts: Buffer[] = [];
  try {
    for await (const part of file === "-" ? process.stdin : createReadStream(file)) {
      parts.push(Buffer.from(part as Buffer));
      if (parts.reduce((size, { length }) => size + length, 0) > MOST_REQUEST) break;
    }
  } catch (error) {
    throw new Fault("INPUT_INVALID", `the request cannot be read (${errorCode(error) ?? "unknown"})`, { where: file, remedy: "Name a file with a PKCS#10 request in PEM, or `-` for standard input.", cause: error });
  }
  const text = Buffer.concat(parts).toString("utf8");
  if (text.length > MOST_REQUEST) throw new Fault("INPUT_INVALID", "the request is longer than 16 KiB", { where: file });
  return text;
}
