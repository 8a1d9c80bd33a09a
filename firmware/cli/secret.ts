// `weir secret`: sets, lists and deletes secrets in the vault of a gateway, whether it runs or not.

import type { Command } from "commander";

interface DataOption {
  readonly data: string;
  readonly json?: true;
}

export function addSecret(program: Command): void {
  const secret = program.command("secret").description("secrets in the gateway's vault; the configuration refers to them by name");
  const add = (name: string, description: string): Command => secret.command(name).description(description).option("--data <dir>", "the gateway's data directory", "./.weir");
  add("set", "set a secret to what standard input says; a terminal asks for it without showing it")
    .argument("<name>")
    .action(async (name: string, { data }: DataOption) => {
      const [{ setSecret }, { readSecretText }] = await Promise.all([import("./secret-access.ts"), import("./read-secret-text.ts")]);
      await setSecret(data, name, await readSecretText(`Secret ${name}: `));
    });
  add("list", "the names of the secrets that are set")
    .option("--json", "print the names as JSON")
    .action(async ({ data, json }: DataOption) => {
      const { listSecrets } = await import("./secret-access.ts");
      const names = await listSecrets(data);
      process.stdout.write(json === true ? `${JSON.stringify({ names })}\n` : names.map((name) => `${name}\n`).join(""));
    });
  add("delete", "delete a secret")
    .argument("<name>")
    .action(async (name: string, { data }: DataOption) => {
      const { deleteSecret } = await import("./secret-access.ts");
      await deleteSecret(data, name);
    });
}
