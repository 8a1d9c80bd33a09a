// `weir user`: the accounts of people, for whoever has the gateway in their hands.

import { Option, type Command } from "commander";
import { Fault } from "../../drivers/contract/fault.ts";
import { GROUPS, ROLES, type Group, type Role } from "../config/roles.ts";
import type { localConduit } from "../conduit/local.ts";
import type { ConduitClient } from "../runtime/conduit-client.ts";
import { addUserFirst } from "./user-first.ts";

interface DataOptions {
  readonly data: string;
  readonly json?: true;
}

interface PersonOptions extends DataOptions {
  readonly role?: Role;
  readonly group?: Group;
  readonly displayName?: string;
  readonly email?: string;
  readonly phone?: string;
  readonly responsibility?: string;
  readonly machines?: string;
}

interface ChangeOptions extends PersonOptions {
  readonly disable?: true;
  readonly enable?: true;
}

type Work<Answer> = (client: ConduitClient<typeof localConduit>, signal: AbortSignal) => Promise<Answer>;

export function addUser(program: Command): void {
  const user = program.command("user").description("the accounts of people: who may use the gateway's page and API");
  const add = (name: string, description: string): Command => user.command(name).description(description).option("--data <dir>", "the gateway's data directory", "./.weir");
  addUserFirst(user);
  add("list", "all accounts").option("--json", "print them as JSON").action(list);
  add("export", "all accounts as CSV: role, responsibility, machines, contact, last login").option("--out <file>", "write it to this new file").option("--excel", "as Excel opens it by a double click where the comma separates decimals").action(exportAccounts);
  add("contacts", "whom to call about this gateway, as the configuration names them").option("--json", "print them as JSON").action(contacts);
  addPersonal(add("add", "a new account; its password for the first login is printed once").argument("<name>")).option("--json", "print it as JSON").action(addAccount);
  addPersonal(add("change", "what is named changes, the rest stays").argument("<name>")).option("--disable", "shut it out").option("--enable", "let it in again").option("--json", "print it as JSON").action(change);
  add("reset-password", "a new password for one login, good for 24 hours; printed once").argument("<name>").option("--json", "print it as JSON").action(resetPassword);
  addPlain(add("reset-second-factor", "the second factor is gone; where the role needs one it is set up at the next login").argument("<name>"), (name) => (client, signal) => client.call("resetSecondFactor", { name }, signal));
  addPlain(add("unlock", "ends the lock after wrong passwords").argument("<name>"), (name) => (client, signal) => client.call("unlockAccount", { name }, signal));
  addPlain(add("delete", "deletes the account with its sessions and tokens").argument("<name>"), (name) => (client, signal) => client.call("deleteAccount", { name }, signal));
  add("reset", "deletes all accounts, sessions, tokens and service windows, and nothing else; a one-time password makes the first administrator then").option("--yes", "I mean it").action(reset);
}

function addPersonal(command: Command): Command {
  return command
    .addOption(new Option("--role <role>", "what it may do").choices(ROLES))
    .addOption(new Option("--group <group>", "group of the plant, which gives it a role").choices(GROUPS))
    .option("--display-name <text>", "name of the person")
    .option("--email <address>", "e-mail")
    .option("--phone <number>", "telephone")
    .option("--responsibility <text>", "area of responsibility")
    .option("--machines <text>", "which machines the person has to do with");
}

function addPlain(command: Command, work: (name: string) => Work<unknown>): void {
  command.action(async (name: string, { data }: DataOptions) => void (await ask(data, work(name))));
}

async function ask<Answer>(data: string, work: Work<Answer>): Promise<Answer> {
  const { askRunningCore } = await import("./ask-core.ts");
  return askRunningCore(data, work);
}

async function list({ data, json }: DataOptions): Promise<void> {
  const [{ writeAccounts }, { writeJson }] = await Promise.all([import("./user-text.ts"), import("./printable.ts")]);
  const found = await ask(data, (client, signal) => client.call("accounts", {}, signal));
  process.stdout.write(json === true ? `${writeJson(found)}\n` : writeAccounts(found.accounts));
}

async function exportAccounts({ data, out, excel }: DataOptions & { readonly out?: string; readonly excel?: true }): Promise<void> {
  const [{ writeAccountList }, { writeNewFile }] = await Promise.all([import("./user-text.ts"), import("./new-file.ts")]);
  const { accounts } = await ask(data, (client, signal) => client.call("accounts", {}, signal));
  const text = writeAccountList(accounts, excel === true);
  if (out === undefined) process.stdout.write(text);
  else writeNewFile(out, text);
}

async function contacts({ data, json }: DataOptions): Promise<void> {
  const [{ writeContacts }, { writeJson }] = await Promise.all([import("./user-text.ts"), import("./printable.ts")]);
  const found = await ask(data, (client, signal) => client.call("contacts", {}, signal));
  process.stdout.write(json === true ? `${writeJson(found)}\n` : writeContacts(found));
}

function personalOf({ displayName, email, phone, responsibility, machines, role, group }: PersonOptions): Omit<PersonOptions, "data" | "json"> {
  return Object.fromEntries(Object.entries({ displayName, email, phone, responsibility, machines, role, group }).filter(([, value]) => value !== undefined));
}

async function addAccount(name: string, options: PersonOptions): Promise<void> {
  if (options.role === undefined && options.group === undefined) throw new Fault("INPUT_INVALID", "an account has a role", { remedy: `Name one with --role (${ROLES.join(", ")}), or a group that gives it one with --group.` });
  const made = await ask(options.data, (client, signal) => client.call("createAccount", { name, ...personalOf(options) }, signal));
  await tellPassword(made, options);
}

async function change(name: string, options: ChangeOptions): Promise<void> {
  if (options.enable === true && options.disable === true) throw new Fault("INPUT_INVALID", "--enable and --disable are opposites", { remedy: "Name one of them." });
  const isDisabled = options.disable === true ? { isDisabled: true } : options.enable === true ? { isDisabled: false } : {};
  const [{ writeAccounts }, { writeJson }] = await Promise.all([import("./user-text.ts"), import("./printable.ts")]);
  const changed = await ask(options.data, (client, signal) => client.call("changeAccount", { name, ...personalOf(options), ...isDisabled }, signal));
  process.stdout.write(options.json === true ? `${writeJson(changed)}\n` : writeAccounts([changed.account]));
}

async function resetPassword(name: string, options: DataOptions): Promise<void> {
  await tellPassword(await ask(options.data, (client, signal) => client.call("resetPassword", { name }, signal)), options);
}

async function tellPassword(made: { readonly temporaryPassword: string }, { json }: DataOptions): Promise<void> {
  const { writeJson } = await import("./printable.ts");
  if (json === true) process.stdout.write(`${writeJson(made)}\n`);
  else {
    process.stdout.write(`${made.temporaryPassword}\n`);
    process.stderr.write("This password is shown once. It is good for 24 hours and the first login, where it is changed.\n");
  }
}

async function reset({ data, yes }: DataOptions & { readonly yes?: true }): Promise<void> {
  const { askYes, isAtTerminal } = await import("./ask-yes.ts");
  const isMeant = yes === true || (isAtTerminal() && (await askYes("Delete all accounts, sessions, tokens and service windows?")));
  if (!isMeant) throw new Fault("INPUT_INVALID", "all accounts would be deleted", { remedy: "If this is meant, add --yes." });
  const { deleted } = await ask(data, (client, signal) => client.call("resetAccounts", {}, signal));
  process.stdout.write(`${deleted} deleted\n`);
}
