// The configuration of one MIKO-style machine, and what its schema alone cannot say about it.

import { isIP } from "node:net";
import Type from "typebox";
import type { Static } from "typebox";
import { Fault } from "../contract/fault.ts";

const SecretRef = Type.Object(
  { secret: Type.String({ pattern: "^[a-z0-9][a-z0-9.-]{0,62}$", description: "Name of a secret in the vault, set with `weir secret set NAME`." }) },
  { additionalProperties: false },
);
const Milliseconds = (minimum: number, maximum: number, value: number, description: string) => Type.Integer({ minimum, maximum, default: value, description });

export const MikoConfigSchema = Type.Object(
  {
    url: Type.String({ pattern: "^https?://", maxLength: 512, description: "Base URL of the machine's Request interface. The host is an IP address, because the field zone resolves no names." }),
    tls: Type.Optional(
      Type.Union(
        [
          Type.Object({ pin: Type.String({ pattern: "^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$", description: "SHA-256 fingerprint of the machine's certificate." }) }, { additionalProperties: false }),
          Type.Object({ ca: SecretRef }, { additionalProperties: false }),
        ],
        { description: "What the certificate of https and mqtts is checked against: a fingerprint, or a CA (a secret with PEM text)." },
      ),
    ),
    credentials: Type.Optional(
      Type.Object({ user: Type.String({ minLength: 1, maxLength: 256 }), password: SecretRef }, { additionalProperties: false, description: "User and password; only sent over https or mqtts with a pinned or CA-checked certificate." }),
    ),
    profile: Type.Optional(Type.String({ pattern: "^/", maxLength: 1024, description: "Absolute path of a profile (JSON or YAML) for machines of another dialect; the reference profile where it is not given." })),
    publish: Type.Boolean({ default: true, description: "Receive what the machine publishes. false, or a machine without publish: its points are polled." }),
    pollIntervalMs: Milliseconds(100, 86_400_000, 1000, "Milliseconds between two polls where the machine is polled."),
    eventsIntervalMs: Milliseconds(1000, 86_400_000, 10_000, "Milliseconds after which the machine's list of events is read again."),
    connectTimeoutMs: Milliseconds(100, 60_000, 3000, "Milliseconds until a connection must stand."),
    answerTimeoutMs: Milliseconds(100, 300_000, 5000, "Milliseconds until a request must be answered completely."),
    keepAliveMs: Milliseconds(1000, 600_000, 2000, "Milliseconds without a sign of life after which the machine's broker is pinged. It is lost when it does not answer within the same time."),
  },
  { additionalProperties: false },
);
export type MikoConfig = Static<typeof MikoConfigSchema>;

/** Checks what no schema can say. Touches no network. Throws CONFIG_INVALID that names `where`. */
export function checkMikoConfig(config: MikoConfig, where: string): void {
  const refuse = (message: string, remedy: string): never => {
    throw new Fault("CONFIG_INVALID", message, { where, remedy });
  };
  const url = URL.canParse(config.url) ? new URL(config.url) : refuse(`url "${config.url}" is no URL.`, "Write it as https://192.0.2.10/api.");
  if (isIP(url.hostname.replace(/^\[|\]$/g, "")) === 0) refuse(`url names the host "${url.hostname}", which is no IP address.`, "Write the machine's IP address: the field zone resolves no names.");
  if (url.username !== "" || url.password !== "") refuse("url carries credentials.", "Put them under `credentials`, the password as a secret.");
  if (url.search !== "" || url.hash !== "") refuse("url carries a query or a fragment.", "Give the base URL alone.");
  if (url.protocol === "https:" && config.tls === undefined) refuse("https without `tls`: nobody would check the machine's certificate.", "Give `tls: {pin: …}` or `tls: {ca: {secret: …}}`.");
  if (url.protocol === "http:" && config.credentials !== undefined) {
    refuse("`credentials` with http would send the password to whoever answers.", "Use https with `tls`, or remove `credentials`.");
  }
}
