// `weir ca`: the certificate authorities of the gateway: the machines' own, and the one for people's browsers.

import type { Command } from "commander";
import { Fault } from "../../drivers/contract/fault.ts";
import type { PageCertificate } from "../conduit/certificates.ts";
import type { localConduit } from "../conduit/local.ts";
import type { ConduitClient } from "../runtime/conduit-client.ts";

interface CaOptions {
  readonly data: string;
  readonly out?: string;
  readonly people?: true;
  readonly yes?: true;
  readonly json?: true;
}

interface Authority {
  readonly certificate: string;
  readonly fingerprint: string;
}

export function addCa(program: Command): void {
  const ca = program.command("ca").description("the certificate authority of the machines: put it into each machine that publishes to the gateway over TLS; with --people the other one, for browsers");
  const add = (name: string, description: string): Command =>
    ca.command(name).description(description).option("--data <dir>", "the gateway's data directory", "./.weir").option("--out <file>", "write it to this new file, not to standard output").option("--people", "the authority of the web page, to be put into browsers").option("--json", "print certificate and fingerprint as JSON");
  add("export", "its certificate (PEM); its SHA-256 fingerprint goes to standard error").action((options: CaOptions) => show(options, options.people === true ? readPeopleCa : readMachineCa));
  add("renew", "a new authority with a new key: every machine must be given it, and be enrolled anew; with --people every browser")
    .option("--yes", "I know that no machine can connect over TLS until then; with --people: that browsers warn until then")
    .action(async (options: CaOptions) => {
      if (options.yes !== true && options.people === true) throw new Fault("INPUT_INVALID", "browsers that know the present authority warn of the page until they are given the new one", { remedy: "If this is meant, add --yes." });
      if (options.yes !== true) throw new Fault("INPUT_INVALID", "a new authority shuts out every machine that has the present one, until it is given the new one", { remedy: "If this is meant, add --yes." });
      await show(options, options.people === true ? renewPeopleCa : renewMachineCa);
    });
}

type Client = ConduitClient<typeof localConduit>;
type Read = (client: Client, signal: AbortSignal) => Promise<Authority>;

const readMachineCa: Read = (client, signal) => client.call("machineCa", {}, signal);
const renewMachineCa: Read = (client, signal) => client.call("renewMachineCa", {}, signal);
const readPeopleCa: Read = async (client, signal) => peopleCaOf(await client.call("pageCertificate", {}, signal));
const renewPeopleCa: Read = async (client, signal) => peopleCaOf(await client.call("renewPeopleCa", {}, signal));

function peopleCaOf({ certificate: { ca, caFingerprint } }: { readonly certificate: PageCertificate }): Authority {
  return { certificate: ca, fingerprint: caFingerprint };
}

async function show({ data, out, json }: CaOptions, read: Read): Promise<void> {
  const [{ askRunningCore }, { writeNewFile, openFolderFor }, { writeFingerprint }, { basename, dirname }] = await Promise.all([import("./ask-core.ts"), import("./new-file.ts"), import("./assets-fingerprint.ts"), import("node:path")]);
  if (out !== undefined) openFolderFor(dirname(out), [basename(out)]);
  const authority: Authority = await askRunningCore(data, read);
  if (out !== undefined) writeNewFile(out, authority.certificate);
  if (json === true) process.stdout.write(`${JSON.stringify(authority, null, 2)}\n`);
  else if (out === undefined) process.stdout.write(authority.certificate);
  process.stderr.write(`SHA-256 ${writeFingerprint(authority.fingerprint)}\n`);
}
