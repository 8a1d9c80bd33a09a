// `weir token`: tokens for programs that use the gateway's API.

import { Option, type Command } from "commander";
import { ROLES, type Role } from "../config/roles.ts";
import { readWhole } from "./read-whole.ts";

interface TokenOptions {
  readonly data: string;
  readonly json?: true;
}

interface CreateOptions extends TokenOptions {
  readonly role: Role;
  readonly scope?: readonly string[];
  readonly days: number;
}

export function addToken(program: Command): void {
  const token = program.command("token").description("tokens for programs that use the gateway's API");
  const add = (name: string, description: string): Command => token.command(name).description(description).option("--data <dir>", "the gateway's data directory", "./.weir").option("--json", "print it as JSON");
  add("list", "those that are good; their texts are kept nowhere").action(list);
  add("create", "a new token; its text is printed once")
    .argument("<name>")
    .addOption(new Option("--role <role>", "what it may do at most").choices(ROLES).makeOptionMandatory())
    .option("--scope <operations...>", "only these operations (docs/permissions.md)")
    .option("--days <days>", "how long it is good", readWhole, 90)
    .action(create);
  add("delete", "it is good no more")
    .argument("<name>")
    .action(async (name: string, { data }: TokenOptions) => {
      const { askRunningCore } = await import("./ask-core.ts");
      await askRunningCore(data, (client, signal) => client.call("deleteToken", { name }, signal));
    });
}

async function list({ data, json }: TokenOptions): Promise<void> {
  const [{ askRunningCore }, { writeTokens }, { writeJson }] = await Promise.all([import("./ask-core.ts"), import("./user-text.ts"), import("./printable.ts")]);
  const found = await askRunningCore(data, (client, signal) => client.call("tokens", {}, signal));
  process.stdout.write(json === true ? `${writeJson(found)}\n` : writeTokens(found.tokens));
}

async function create(name: string, { data, json, role, scope = [], days }: CreateOptions): Promise<void> {
  const [{ askRunningCore }, { writeJson }] = await Promise.all([import("./ask-core.ts"), import("./printable.ts")]);
  const made = await askRunningCore(data, (client, signal) => client.call("createToken", { name, role, scope: [...scope], days }, signal));
  if (json === true) process.stdout.write(`${writeJson(made)}\n`);
  else {
    process.stdout.write(`${made.text}\n`);
    process.stderr.write("This token is shown once. A program sends it as `Authorization: Bearer …`.\n");
  }
}
