// `weir page`: where the gateway's page is, and the certificate that it shows.

import type { Command } from "commander";
import type { PageCertificate } from "../conduit/certificates.ts";
import type { localConduit } from "../conduit/local.ts";
import type { ConduitClient } from "../runtime/conduit-client.ts";

interface DataOptions {
  readonly data: string;
  readonly json?: true;
}

interface OutOptions extends DataOptions {
  readonly out?: string;
}

type Work = (client: ConduitClient<typeof localConduit>, signal: AbortSignal) => Promise<{ readonly certificate: PageCertificate }>;

export function addPage(program: Command): void {
  const page = program.command("page").description("the gateway's web page and the certificate that it shows");
  const add = (name: string, description: string): Command => page.command(name).description(description).option("--data <dir>", "the gateway's data directory", "./.weir").option("--json", "print it as JSON");
  add("certificate", "the certificate that the page shows").action((options: DataOptions) => show(options, (client, signal) => client.call("pageCertificate", {}, signal)));
  add("request", "a request (PKCS#10) for a certificate of the plant's CA, with a key that stays in the gateway; the page keeps the present certificate meanwhile")
    .argument("<names...>", "host names and addresses that people open the page by")
    .option("--out <file>", "write it to this new file, not to standard output")
    .action(request);
  add("install", "shows the certificate of the plant's CA from now on")
    .argument("<file>", "PEM: the page's certificate, then those that lead to the CA")
    .action(async (file: string, options: DataOptions) => {
      const { readFileSync } = await import("node:fs");
      const chain = readFileSync(file, "utf8");
      await show(options, (client, signal) => client.call("installPageCertificate", { chain }, signal));
    });
  add("remove", "back to the certificate of the gateway's own CA; a request that is out counts no more").action((options: DataOptions) => show(options, (client, signal) => client.call("removePageCertificate", {}, signal)));
}

async function ask(data: string, work: Work): Promise<PageCertificate> {
  const { askRunningCore } = await import("./ask-core.ts");
  return (await askRunningCore(data, work)).certificate;
}

async function request(names: readonly string[], { data, json, out }: OutOptions): Promise<void> {
  const [{ writeNewFile, openFolderFor }, { basename, dirname }] = await Promise.all([import("./new-file.ts"), import("node:path")]);
  if (out !== undefined) openFolderFor(dirname(out), [basename(out)]);
  const certificate = await ask(data, (client, signal) => client.call("requestPageCertificate", { names: [...names] }, signal));
  if (out !== undefined) writeNewFile(out, certificate.request ?? "");
  if (json === true) process.stdout.write(`${JSON.stringify(certificate, null, 2)}\n`);
  else if (out === undefined) process.stdout.write(certificate.request ?? "");
  process.stderr.write("Have it signed for a TLS server with these names, then: weir page install FILE\n");
}

async function show({ data, json }: DataOptions, work: Work): Promise<void> {
  const [certificate, { writeFingerprint }, { printable }] = [await ask(data, work), await import("./assets-fingerprint.ts"), await import("./printable.ts")];
  if (json === true) return void process.stdout.write(`${JSON.stringify(certificate, null, 2)}\n`);
  const { origin, names, issuer, notAfter, fingerprint, request: pending } = certificate;
  const end = notAfter.startsWith("9999") ? "none" : notAfter;
  const lines = [
    `issued by  ${origin === "own" ? "the gateway's own CA for people" : "the plant's CA"} (${printable(issuer)})`,
    `names      ${names.join(", ")}`,
    `end        ${end}`,
    `SHA-256    ${writeFingerprint(fingerprint)}`,
    ...(pending === null ? [] : ["A request is out and waits for its certificate."]),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
