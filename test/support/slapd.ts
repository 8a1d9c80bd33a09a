// A real OpenLDAP server as the plant's directory, LDAPS on a free loopback port, which can be paused, killed and started again.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Defer } from "./attempt.ts";
import { startChild, type Child } from "./child.ts";
import { findFreePort } from "./free-port.ts";
import { untilListening } from "./mosquitto.ts";
import { findExecutable } from "./needs.ts";
import type { Issued, Pki } from "./pki.ts";
import { makeTempDir } from "./temp-dir.ts";

export interface Person {
  /** Their `uid`. */
  readonly user: string;
  readonly password: string;
  readonly name?: string;
  readonly email?: string;
  /** Below ou=people unless said. */
  readonly below?: string;
}

export interface Slapd {
  readonly port: number;
  readonly bindDn: string;
  readonly bindPassword: string;
  readonly searchBase: string;
  dnOf(user: string): string;
  groupDn(name: string): string;
  output(): string;
  pause(): void;
  resume(): void;
  kill(): Promise<void>;
  restart(signal: AbortSignal): Promise<void>;
}

export interface SlapdOptions {
  readonly pki: Pki;
  /** The server's certificate; one for 127.0.0.1 unless said. */
  readonly issued?: Issued;
  readonly people: readonly Person[];
  /** Members by group, as users. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
}

const BASE = "dc=plant,dc=example";
const SEARCHER = `cn=weir,${BASE}`;
const SEARCHER_PASSWORD = "searches only";

/** Declare `needs: ["slapd", "openssl"]`. It listens when this resolves, and is gone at the test's end. */
export async function startSlapd(defer: Defer, signal: AbortSignal, { pki, issued = pki.issue("directory"), people, groups }: SlapdOptions): Promise<Slapd> {
  const folder = makeTempDir(defer);
  const port = await findFreePort();
  const dnOf = (user: string): string => `uid=${user},${people.find((person) => person.user === user)?.below ?? `ou=people,${BASE}`}`;
  const groupDn = (name: string): string => `cn=${name},ou=groups,${BASE}`;
  mkdirSync(join(folder, "db"));
  const config = join(folder, "slapd.conf");
  writeFileSync(config, writeConfig(folder, pki.caFile, issued));
  // slapadd asks no overlay: what `memberof` would keep is written down.
  const groupsOf = (user: string): string[] => Object.entries(groups).flatMap(([name, members]) => (members.includes(user) ? [groupDn(name)] : []));
  const data = [...BONES, ...people.map((person) => writePerson(person, dnOf(person.user), groupsOf(person.user))), ...Object.entries(groups).map(([name, members]) => writeGroup(groupDn(name), members.map(dnOf)))];
  execFileSync(findExecutable("slapadd") ?? "slapadd", ["-f", config], { input: data.join("\n"), stdio: ["pipe", "pipe", "pipe"] });
  let child: Child;
  const start = async (until: AbortSignal): Promise<void> => {
    child = startChild(defer, "slapd", ["-d", "256", "-f", config, "-h", `ldaps://127.0.0.1:${port}/`]);
    await Promise.race([untilListening(port, until), child.exited.then(() => Promise.reject(new Error(`slapd does not start:\n${child.output()}`)))]);
  };
  await start(signal);
  defer(() => child.kill("SIGCONT"));
  return {
    port,
    bindDn: SEARCHER,
    bindPassword: SEARCHER_PASSWORD,
    searchBase: BASE,
    dnOf,
    groupDn,
    output: () => child.output(),
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    kill: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
    restart: start,
  };
}

function writeConfig(folder: string, caFile: string, { certificateFile, keyFile }: Issued): string {
  return `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile ${folder}/slapd.pid
TLSCACertificateFile ${caFile}
TLSCertificateFile ${certificateFile}
TLSCertificateKeyFile ${keyFile}
database mdb
suffix "${BASE}"
directory ${folder}/db
rootdn "${SEARCHER}"
rootpw "${SEARCHER_PASSWORD}"
overlay memberof
`;
}

const BONES = [`dn: ${BASE}\nobjectClass: domain\ndc: plant\n`, `dn: ou=people,${BASE}\nobjectClass: organizationalUnit\nou: people\n`, `dn: ou=guests,${BASE}\nobjectClass: organizationalUnit\nou: guests\n`, `dn: ou=groups,${BASE}\nobjectClass: organizationalUnit\nou: groups\n`];

function writePerson({ user, password, name = user, email }: Person, dn: string, groups: readonly string[]): string {
  const text = (value: string): string => `: ${Buffer.from(value, "utf8").toString("base64")}`;
  return [`dn:${text(dn)}`, "objectClass: inetOrgPerson", `uid:${text(user)}`, `cn:${text(name)}`, `sn:${text(name)}`, ...(email === undefined ? [] : [`mail: ${email}`]), `userPassword:${text(password)}`, ...groups.map((group) => `memberOf: ${group}`), ""].join("\n");
}

function writeGroup(dn: string, members: readonly string[]): string {
  return [`dn: ${dn}`, "objectClass: groupOfNames", ...members.map((member) => `member: ${member}`), ""].join("\n");
}
