// `weir ca`: the certificate authority of the machines, to be put into those that publish to the gateway.

import type { Command } from "commander";
import { Fault } from "../../drivers/contract/fault.ts";

interface CaOptions {
  readonly data: string;
  readonly out?: string;
  readonly yes?: true;
  readonly json?: true;
}

interface Authority {
  readonly certificate: string;
  readonly fingerprint: string;
}

export function addCa(program: Command): void {
  const ca = program.command("ca").description("the certificate authority of the machines: put it into each machine that publishes to the gateway over TLS");
  const add = (name: string, description: string): Command =>
    ca.command(name).description(description).option("--data <dir>", "the gateway's data directory", "./.weir").option("--out <file>", "write it to this new file, not to standard output").option("--json", "print certificate and fingerprint as JSON");
  add("export", "its certificate (PEM); its SHA-256 fingerprint goes to standard error").action((options: CaOptions) => show(options, "machineCa"));
  add("renew", "a new authority with a new key: every machine must be given it, and be enrolled anew")
    .option("--yes", "I know that no machine can connect over TLS until then")
    .action(async (options: CaOptions) => {
      if (options.yes !== true) throw new Fault("INPUT_INVALID", "a new authority shuts out every machine that has the present one, until it is given the new one", { remedy: "If this is meant, add --yes." });
      await show(options, "renewMachineCa");
    });
}

async function show({ data, out, json }: CaOptions, route: "machineCa" | "renewMachineCa"): Promise<void> {
  const [{ askRunningCore }, { writeNewFile, openFolderFor }, { writeFingerprint }, { basename, dirname }] = await Promise.all([import("./ask-core.ts"), import("./new-file.ts"), import("./assets-fingerprint.ts"), import("node:path")]);
  if (out !== undefined) openFolderFor(dirname(out), [basename(out)]);
  const authority: Authority = await askRunningCore(data, (client, signal) => client.call(route, {}, signal));
  if (out !== undefined) writeNewFile(out, authority.certificate);
  if (json === true) process.stdout.write(`${JSON.stringify(authority, null, 2)}\n`);
  else if (out === undefined) process.stdout.write(authority.certificate);
  process.stderr.write(`SHA-256 ${writeFingerprint(authority.fingerprint)}\n`);
}
