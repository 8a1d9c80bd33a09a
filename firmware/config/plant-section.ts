// The section `plant` of the configuration: the plant's own systems that the gateway asks or tells: its directory and its log collector.

import Type from "typebox";
import type { Static } from "typebox";
import { Duration, MachineAddress, SecretReference } from "../../drivers/contract/settings.ts";
import { ROLES } from "./roles.ts";

const closed = { additionalProperties: false } as const;

/** RFC 4513: LDAP over TLS from the first byte; RFC 5425: syslog over TLS. */
export const LDAPS_PORT = 636;
export const SYSLOG_PORT = 6514;

const port = (fallback: number) => Type.Integer({ minimum: 1, maximum: 65_535, default: fallback, unit: "port", description: "Port; another than the usual one only where `network` is not described." });
const distinguishedName = (description: string) => Type.String({ minLength: 1, maxLength: 512, description });
const ServerName = Type.Optional(Type.String({ minLength: 1, maxLength: 253, description: "Name that the server's certificate must carry; without it, its address." }));

export const DirectorySchema = Type.Object(
  {
    servers: Type.Array(MachineAddress("Address of a server."), { minItems: 1, maxItems: 4, description: "The directory's servers, asked in this order. By address: the zone plant resolves no names." }),
    port: port(LDAPS_PORT),
    serverName: ServerName,
    ca: SecretReference("Certificates (PEM) of the authorities that may sign the directory's certificate."),
    bindDn: distinguishedName("Account that searches, as a distinguished name; it needs no other right."),
    bindPassword: SecretReference("Its password."),
    searchBase: distinguishedName("Where people are searched, e.g. dc=plant,dc=example."),
    userFilter: Type.String({
      pattern: "^\\(.*\\{user\\}.*\\)$",
      expects: "an LDAP filter in brackets with `{user}` in it",
      maxLength: 512,
      default: "(&(objectClass=user)(sAMAccountName={user}))",
      description: "Filter that finds one person; `{user}` stands for what was typed, escaped. For OpenLDAP usually (uid={user}).",
    }),
    groupAttribute: Type.String({ pattern: "^[A-Za-z][A-Za-z0-9-]{0,63}$", expects: "the name of an attribute", default: "memberOf", description: "Attribute of a person that names their groups." }),
    groupBase: Type.Optional(distinguishedName("Where groups are searched, for directories whose people do not name them.")),
    groupFilter: Type.String({
      pattern: "^\\(.*\\{dn\\}.*\\)$",
      expects: "an LDAP filter in brackets with `{dn}` in it",
      maxLength: 512,
      default: "(member={dn})",
      description: "Filter that finds a person's groups under `groupBase`; `{dn}` stands for the person. Active Directory, groups in groups too: (member:1.2.840.113556.1.4.1941:={dn}).",
    }),
    // K2.1.11
    groups: Type.Array(
      Type.Object({ group: distinguishedName("Distinguished name of the group."), role: Type.Enum(ROLES, { description: "Role that its members have." }) }, closed),
      { minItems: 1, maxItems: 64, description: "Which group gives which role; who is in several has the highest. Who is in none is not let in." },
    ),
    timeout: Duration({ description: "How long one server may take for one login.", default: "5s", minimum: "100ms", maximum: "60s" }),
  },
  { ...closed, description: "The plant's directory (Active Directory or another, by LDAPS): people with an account there can log in by it. Local accounts go on beside it." },
);
export type DirectorySettings = Static<typeof DirectorySchema>;

export const SyslogSchema = Type.Object(
  {
    server: MachineAddress("Address of the collector."),
    port: port(SYSLOG_PORT),
    serverName: ServerName,
    ca: SecretReference("Certificates (PEM) of the authorities that may sign the collector's certificate."),
    certificate: Type.Optional(SecretReference("Client certificate with its chain (PEM), where the collector asks for one.")),
    key: Type.Optional(SecretReference("Its private key (PEM).")),
  },
  // CR 6.2
  { ...closed, description: "The plant's log collector: every entry of the audit log goes there, RFC 5424 over TLS." },
);
export type SyslogSettings = Static<typeof SyslogSchema>;

export const PlantSchema = Type.Object(
  { directory: Type.Optional(DirectorySchema), syslog: Type.Optional(SyslogSchema) },
  { ...closed, description: "The plant's own systems that the gateway asks or tells." },
);
export type PlantSettings = Static<typeof PlantSchema>;
