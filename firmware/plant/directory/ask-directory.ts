// Asks one directory server about one person.

import { Client, InvalidCredentialsError, ResultCodeError, type Entry } from "ldapts";
import { escapeFilterValue } from "./escape.ts";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { DirectorySettings } from "../../config/plant-section.ts";
import { nameServerFault, tlsOptions, type ServerProof } from "../tls-settings.ts";

export interface Known {
  readonly outcome: "known";
  readonly displayName: string;
  readonly email: string;
  /** Distinguished names. */
  readonly groups: readonly string[];
}

export type DirectoryVerdict = Known | { readonly outcome: "refused" };

export interface Asked {
  readonly directory: DirectorySettings;
  readonly secrets: Readonly<Record<string, string>>;
  readonly server: string;
  readonly user: string;
  readonly password: string;
}

/** What the contract takes. */
const MAX_GROUPS = 1000;
const MAX_NAME = 128;
const MAX_EMAIL = 254;
const MAX_DN = 1024;

const REFUSED: DirectoryVerdict = { outcome: "refused" };

/** Throws a Fault where the server could not be asked. Leaves no connection open. */
export async function askDirectory(asked: Asked): Promise<DirectoryVerdict> {
  const { directory, secrets, server, user, password } = asked;
  // A bind without a password is anonymous and succeeds (RFC 4513 §5.1.2).
  if (user === "" || password === "") return REFUSED;
  const proof: ServerProof = { host: server, serverName: directory.serverName, ca: secrets[directory.ca.secret] ?? "" };
  const open = (): Client => new Client({ url: `ldaps://${server.includes(":") ? `[${server}]` : server}:${directory.port}`, timeout: directory.timeout, connectTimeout: directory.timeout, tlsOptions: tlsOptions(proof) });
  const searcher = open();
  try {
    await bindAsSearcher(searcher, asked);
    const person = await findPerson(searcher, asked);
    if (person === undefined) return REFUSED;
    if (!(await proves(open, person.dn, password))) return REFUSED;
    const groups = [...valuesOf(person, directory.groupAttribute), ...(await findGroups(searcher, directory, person.dn))];
    return {
      outcome: "known",
      displayName: (valuesOf(person, "displayName")[0] ?? valuesOf(person, "cn")[0] ?? user).slice(0, MAX_NAME),
      email: (valuesOf(person, "mail")[0] ?? "").slice(0, MAX_EMAIL),
      groups: [...new Set(groups)].filter((group) => group.length <= MAX_DN).slice(0, MAX_GROUPS),
    };
  } catch (error) {
    throw error instanceof Fault ? error : nameFault(error, proof, directory.port);
  } finally {
    await searcher.unbind().catch(() => undefined);
  }
}

async function bindAsSearcher(client: Client, { directory, secrets }: Asked): Promise<void> {
  try {
    await client.bind(directory.bindDn, secrets[directory.bindPassword.secret] ?? "");
  } catch (error) {
    if (!(error instanceof InvalidCredentialsError)) throw error;
    throw new Fault("CREDENTIALS_REFUSED", "the directory refuses the account that searches", { where: "plant.directory.bindDn", remedy: "Check bindDn, and store its password anew under the name that bindPassword has.", cause: error });
  }
}

async function findPerson(client: Client, { directory, user }: Asked): Promise<Entry | undefined> {
  const filter = directory.userFilter.replaceAll("{user}", () => escapeFilterValue(user));
  const { searchEntries } = await client.search(directory.searchBase, { scope: "sub", filter, sizeLimit: 2, attributes: ["displayName", "cn", "mail", directory.groupAttribute] }).catch((error: unknown) => {
    // More than two fit: as good as two.
    if (error instanceof ResultCodeError && error.code === SIZE_LIMIT_EXCEEDED) return { searchEntries: [] };
    throw error;
  });
  return searchEntries.length === 1 ? searchEntries[0] : undefined;
}

/** RFC 4511 §4.1.9. */
const SIZE_LIMIT_EXCEEDED = 4;

async function proves(open: () => Client, dn: string, password: string): Promise<boolean> {
  const client = open();
  try {
    await client.bind(dn, password);
    return true;
  } catch (error) {
    // Locked, expired, not allowed to log in now: all of it is "no", whatever the directory calls it.
    if (error instanceof ResultCodeError) return false;
    throw error;
  } finally {
    await client.unbind().catch(() => undefined);
  }
}

async function findGroups(client: Client, { groupBase, groupFilter }: DirectorySettings, dn: string): Promise<readonly string[]> {
  if (groupBase === undefined) return [];
  const { searchEntries } = await client.search(groupBase, { scope: "sub", filter: groupFilter.replaceAll("{dn}", () => escapeFilterValue(dn)), sizeLimit: MAX_GROUPS, attributes: ["1.1"] });
  return searchEntries.map((entry) => entry.dn);
}

function valuesOf(entry: Entry, attribute: string): readonly string[] {
  const key = Object.keys(entry).find((name) => name.toLowerCase() === attribute.toLowerCase());
  const value = key === undefined ? [] : entry[key];
  return [value].flat().filter((one): one is string => typeof one === "string" && one !== "");
}

function nameFault(error: unknown, proof: ServerProof, port: number): Fault {
  if (error instanceof ResultCodeError) return new Fault("PEER_PROTOCOL", `the directory refuses the search: ${error.message.slice(0, 300)} (code ${error.code})`, { where: `plant.directory ${proof.host}:${port}`, remedy: "Check searchBase, userFilter, groupBase and what bindDn may read.", cause: error });
  return nameServerFault(error, "plant.directory", proof, port);
}
