// Turns the configured link and its secrets into what a connection needs, and refuses what can never work before any packet leaves.

import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { Fault } from "../../../drivers/contract/fault.ts";
import type { CloudLink, SecretRef } from "../../config/cloud-section.ts";

/** What the peer is asked to prove and what we prove to it, as PEM texts. */
export interface TlsMaterial {
  /** Replaces every other trusted CA; undefined trusts the platform's public CAs. */
  readonly ca: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly serverName: string;
  readonly alpn: readonly string[];
}

export interface Proxy {
  readonly host: string;
  readonly port: number;
  /** Value of Proxy-Authorization (RFC 7617), undefined without credentials. */
  readonly authorization: string | undefined;
}

export interface Target {
  /** `scheme://host:port`, for people; holds no secret. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  /** Path of the WebSocket; undefined where MQTT runs on the stream itself. */
  readonly webSocketPath: string | undefined;
  readonly tls: TlsMaterial | undefined;
  readonly proxy: Proxy | undefined;
  readonly protocolVersion: 4 | 5;
  readonly clientId: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly keepAliveSeconds: number;
}

const DEFAULT_PORT: Readonly<Record<string, number>> = { "mqtts:": 8883, "wss:": 443, "mqtt:": 1883 };

/** Throws a Fault of kind config: SECRET_MISSING, CONFIG_INVALID or ADDRESS_REFUSED. Touches no network. */
export function readTarget(link: CloudLink, secrets: Readonly<Record<string, string>>, gateway: string): Target {
  const url = parseUrl(link.url, "cloud.url");
  const host = bareHost(url);
  const isTls = url.protocol !== "mqtt:";
  if (!isTls && !isLoopback(host)) {
    throw new Fault("ADDRESS_REFUSED", `mqtt:// without TLS would send everything readable to ${host}`, { where: "cloud.url", remedy: "Use mqtts:// or wss://; mqtt:// is for a broker on this host only." });
  }
  const port = url.port === "" ? (DEFAULT_PORT[url.protocol] ?? 8883) : Number(url.port);
  const isWebSocket = url.protocol === "wss:";
  const secret = (ref: SecretRef | undefined, place: string): string | undefined => readSecret(secrets, ref, place);
  return {
    address: `${url.protocol}//${url.hostname}:${port}`,
    host,
    port,
    webSocketPath: isWebSocket ? `${url.pathname === "" ? "/" : url.pathname}${url.search}` : undefined,
    tls: isTls ? readTls(link, secret, host, isWebSocket) : undefined,
    proxy: link.proxy === undefined ? undefined : readProxy(link.proxy, secret),
    protocolVersion: link.mqttVersion === "5" ? 5 : 4,
    clientId: link.clientId ?? gateway,
    user: link.user,
    password: secret(link.password, "cloud.password"),
    keepAliveSeconds: link.keepAliveSeconds,
  };
}

type SecretReader = (ref: SecretRef | undefined, place: string) => string | undefined;

function readSecret(secrets: Readonly<Record<string, string>>, ref: SecretRef | undefined, place: string): string | undefined {
  if (ref === undefined) return undefined;
  const text = secrets[ref.secret];
  if (text === undefined) throw new Fault("SECRET_MISSING", `the vault holds no secret ${ref.secret}`, { where: place, remedy: `Set it with \`weir secret set ${ref.secret}\`.` });
  return text;
}

function readTls(link: CloudLink, secret: SecretReader, host: string, isWebSocket: boolean): TlsMaterial {
  const ca = secret(link.ca, "cloud.ca");
  const certificate = secret(link.certificate, "cloud.certificate");
  const key = secret(link.key, "cloud.key");
  if (ca !== undefined) demandCertificates(ca, "cloud.ca");
  if (certificate !== undefined && key === undefined) throw new Fault("CONFIG_INVALID", "a client certificate is configured without its key", { where: "cloud.key", remedy: "Name the secret that holds the private key." });
  if (certificate === undefined && key !== undefined) throw new Fault("CONFIG_INVALID", "a client key is configured without its certificate", { where: "cloud.certificate", remedy: "Name the secret that holds the certificate." });
  if (certificate !== undefined && key !== undefined) demandPair(certificate, key);
  const alpn = link.alpn ?? (isWebSocket ? "http/1.1" : undefined);
  return { ca, certificate, key, serverName: link.serverName ?? host, alpn: alpn === undefined ? [] : [alpn] };
}

/** Node ignores a CA text that it cannot read and would then trust nobody, or report an unknown issuer: say it here instead. */
function demandCertificates(pem: string, place: string): X509Certificate {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    const [first] = blocks.map((block) => new X509Certificate(block));
    if (first !== undefined) return first;
  } catch (cause) {
    throw new Fault("CONFIG_INVALID", "the secret holds a certificate that cannot be read", { where: place, remedy: "Store the certificate in PEM form.", cause });
  }
  throw new Fault("CONFIG_INVALID", "the secret holds no certificate", { where: place, remedy: "Store the certificate in PEM form, from BEGIN CERTIFICATE to END CERTIFICATE." });
}

function demandPair(certificatePem: string, keyPem: string): void {
  const certificate = demandCertificates(certificatePem, "cloud.certificate");
  let belongs = false;
  try {
    belongs = certificate.checkPrivateKey(createPrivateKey(keyPem));
  } catch (cause) {
    throw new Fault("CONFIG_INVALID", "the secret holds no private key that can be read", { where: "cloud.key", remedy: "Store the key in PEM form without a passphrase; the vault encrypts it.", cause });
  }
  if (!belongs) throw new Fault("CONFIG_INVALID", `the client key does not belong to the certificate of ${certificate.subject.replaceAll("\n", ", ")}`, { where: "cloud.key", remedy: "Store the key and the certificate that were made together." });
}

function readProxy(proxy: NonNullable<CloudLink["proxy"]>, secret: SecretReader): Proxy {
  const url = parseUrl(proxy.url, "cloud.proxy.url");
  const password = secret(proxy.password, "cloud.proxy.password") ?? "";
  const authorization = proxy.user === undefined ? undefined : `Basic ${Buffer.from(`${proxy.user}:${password}`).toString("base64")}`;
  return { host: bareHost(url), port: url.port === "" ? 80 : Number(url.port), authorization };
}

function parseUrl(text: string, place: string): URL {
  if (!URL.canParse(text)) throw new Fault("CONFIG_INVALID", `${text} is no address`, { where: place, remedy: "Write scheme://host:port." });
  const url = new URL(text);
  if (url.hostname === "") throw new Fault("CONFIG_INVALID", "the address names no host", { where: place, remedy: "Write scheme://host:port." });
  if (url.username !== "" || url.password !== "") throw new Fault("CONFIG_INVALID", "the address carries credentials", { where: place, remedy: "Use `user` and `password` with a secret of the vault." });
  return url;
}

function bareHost(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, "$1");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
