// The configuration of one MIKO-style machine, and what its schema alone cannot say about it.

import { isIP } from "node:net";
import Type from "typebox";
import type { Static } from "typebox";
import { Compile } from "typebox/compile";
import { Value } from "typebox/value";
import { Fault } from "../contract/fault.ts";
import { Duration, durationMs, FINGERPRINT, FINGERPRINT_WORDS, MachineUrl, SecretReference } from "../contract/settings.ts";

const durations = {
  pollInterval: Duration({ default: "1s", minimum: "100ms", maximum: "1d", description: "Time between two polls where the machine is polled." }),
  eventsInterval: Duration({ default: "10s", minimum: "1s", maximum: "1d", description: "Time after which the machine's list of events is read again." }),
  connectTimeout: Duration({ default: "3s", minimum: "100ms", maximum: "1min", description: "Time until a connection must stand." }),
  answerTimeout: Duration({ default: "5s", minimum: "100ms", maximum: "5min", description: "Time until a request must be answered completely." }),
  keepAlive: Duration({ default: "2s", minimum: "1s", maximum: "10min", description: "Silence after which the machine's broker is pinged; it is lost when it is still silent after the same time again." }),
};

export const MikoConfigSchema = Type.Object(
  {
    url: MachineUrl({ schemes: ["http", "https"], description: "Base URL of the machine's Request interface." }),
    tls: Type.Optional(
      Type.Object(
        {
          pin: Type.Optional(Type.String({ pattern: FINGERPRINT, expects: FINGERPRINT_WORDS, description: "SHA-256 fingerprint of the machine's certificate." })),
          ca: Type.Optional(SecretReference("Certificates (PEM) of the authorities that may sign the machine's certificate.")),
        },
        { additionalProperties: false, description: "What the certificate of https and mqtts is checked against: exactly one of the two." },
      ),
    ),
    credentials: Type.Optional(
      Type.Object(
        { user: Type.String({ minLength: 1, maxLength: 256, description: "User name at the machine." }), password: SecretReference("Password at the machine.") },
        { additionalProperties: false, description: "User and password. They go only to a peer whose certificate was checked." },
      ),
    ),
    profile: Type.Optional(
      Type.String({ pattern: "^/", expects: "an absolute path", maxLength: 1024, description: "File with the profile (JSON or YAML) of machines of another dialect; the reference profile where it is not given." }),
    ),
    publish: Type.Boolean({ default: true, description: "Receive what the machine publishes. Without it, and where a machine does not publish, its points are polled." }),
    ...durations,
  },
  { additionalProperties: false, description: "A MIKO-style machine: Request (HTTP) and Publish (its own MQTT broker)." },
);
export type MikoConfig = Static<typeof MikoConfigSchema>;

const compiled = Compile(MikoConfigSchema);

/** A configuration as a person writes it, checked, with defaults filled in and durations in milliseconds. Throws CONFIG_INVALID. */
export function completeMikoConfig(written: unknown, where: string): MikoConfig {
  const filled = Value.Default(MikoConfigSchema, Value.Clone(written));
  if (!compiled.Check(filled)) {
    const [first] = compiled.Errors(filled);
    throw new Fault("CONFIG_INVALID", `${first?.instancePath ?? ""} ${first?.message ?? "is not as the schema asks"}.`.trim(), { where, remedy: "Compare with drivers/miko/README.md." });
  }
  const times = Object.fromEntries(Object.keys(durations).map((name) => [name, durationMs(filled[name as keyof typeof durations])]));
  const config = { ...filled, ...times };
  checkMikoConfig(config, where);
  return config;
}

/** Checks what no schema can say. Touches no network. Throws CONFIG_INVALID that names `where`. */
export function checkMikoConfig(config: MikoConfig, where: string): void {
  const refuse = (message: string, remedy: string): never => {
    throw new Fault("CONFIG_INVALID", message, { where, remedy });
  };
  const url = URL.canParse(config.url) ? new URL(config.url) : refuse(`url "${config.url}" is no URL.`, "Write it as https://192.0.2.10/api.");
  if (isIP(hostOf(url)) === 0) refuse(`url names the host "${url.hostname}", which is no IP address.`, "Write the machine's IP address: the zone that reads machines resolves no names.");
  if (url.username !== "" || url.password !== "") refuse("url carries credentials.", "Put them under `credentials`, the password as a secret.");
  if (url.search !== "" || url.hash !== "") refuse("url carries a query or a fragment.", "Give the base URL alone.");
  if (config.tls !== undefined && (config.tls.pin === undefined) === (config.tls.ca === undefined)) refuse("`tls` needs exactly one of `pin` and `ca`.", "Give `tls: {pin: …}` or `tls: {ca: {secret: …}}`.");
  if (url.protocol === "https:" && config.tls === undefined) refuse("https without `tls`: nobody would check the machine's certificate.", "Give `tls: {pin: …}` or `tls: {ca: {secret: …}}`.");
  if (url.protocol === "http:" && config.credentials !== undefined) refuse("`credentials` with http would send the password to whoever answers.", "Use https with `tls`, or remove `credentials`.");
}

/** The host without the brackets that an IPv6 address has in a URL. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}
