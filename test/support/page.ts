// A whole gateway with its web page, as somebody with a browser meets it: where the page is, which CA it has, and how one becomes somebody there.

import { randomUUID } from "node:crypto";
import { request as httpsRequest } from "node:https";
import { adminConduit } from "../../firmware/conduit/admin.ts";
import { localConduit } from "../../firmware/conduit/local.ts";
import { openConduit, type ConduitClient } from "../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../firmware/runtime/journal.ts";
import { systemClock } from "../../firmware/runtime/system-clock.ts";
import type { TestContext } from "./attempt.ts";
import { findFreePort } from "./free-port.ts";
import { startGateway, until, writeConfiguration, type GatewayOptions, type GatewayUnderTest } from "./gateway.ts";
import { makeTempDir } from "./temp-dir.ts";

export interface PageAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** Throws where it is no JSON. */
  json(): unknown;
}

export interface PageRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | object;
}

export interface Claimed {
  readonly name: string;
  readonly password: string;
  readonly session: string;
  readonly csrf: string;
  readonly browser: string;
}

export interface PageUnderTest {
  /** `https://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly port: number;
  /** PEM of the CA that the page's certificate is checked against. */
  readonly ca: string;
  /** SHA-256 of the page's certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
  /** One request over a connection of its own, checked against the CA; a body that is an object goes as JSON. */
  ask(path: string, request?: PageRequest): Promise<PageAnswer>;
  /** The first administrator, by the one-time password from the local conduit and the admin conduit. */
  claim(name?: string, password?: string): Promise<Claimed>;
  readonly local: ConduitClient<typeof localConduit>;
  /** What the zone that serves the page can ask core. */
  readonly admin: ConduitClient<typeof adminConduit>;
}

/** Starts it with this configuration and a page on a port of its own, and resolves when the page is open. */
export async function startGatewayWithPage(context: TestContext, configuration: object = {}, options: Partial<GatewayOptions> = {}): Promise<{ readonly gateway: GatewayUnderTest; readonly page: PageUnderTest }> {
  const port = await findFreePort();
  const folder = options.folder ?? makeTempDir(context.defer);
  writeConfiguration(folder, { page: { port, addresses: ["127.0.0.1"] }, ...configuration });
  const gateway = startGateway(context, { ...options, folder });
  return { gateway, page: await openPage(context, gateway.dataDir, port) };
}

/** The page of a gateway that runs on the data directory with `page: {port, addresses: [127.0.0.1]}`; resolves when it is open. */
export async function openPage({ defer, signal }: TestContext, dataDir: string, port: number): Promise<PageUnderTest> {
  const options = { clock: systemClock, epoch: randomUUID(), log: silentLog };
  const local = openConduit(localConduit, { ...options, socket: conduitSocket(dataDir, "local") });
  const admin = openConduit(adminConduit, { ...options, epoch: randomUUID(), socket: conduitSocket(dataDir, "admin") });
  defer(async () => void (await Promise.all([local.close(), admin.close()])));
  await until("the page is open", signal, async (limit) => (await local.call("firstPassword", {}, limit)).urls.length > 0);
  const { certificate } = await local.call("pageCertificate", {}, signal);
  const { ca, fingerprint } = certificate;
  const ask = (path: string, request: PageRequest = {}): Promise<PageAnswer> => askPage({ port, ca, path, ...request }, signal);
  await until("the page answers", signal, () => ask("/").then(() => true, () => false));
  return { origin: `https://127.0.0.1:${port}`, port, ca, fingerprint, ask, local, admin, claim: (name, password) => claim({ local, admin }, signal, name, password) };
}

async function claim({ local, admin }: Pick<PageUnderTest, "local" | "admin">, signal: AbortSignal, name = "anna", password = "correct-horse-7-battery"): Promise<Claimed> {
  const { oneTimePassword } = await local.call("firstPassword", {}, signal);
  if (oneTimePassword === null) throw new Error("the gateway has an account already");
  const { session, csrf, browser } = await admin.call("claim", { oneTimePassword, name, password }, signal, { source: "127.0.0.1" });
  return { name, password, session, csrf, browser };
}

export interface FullRequest extends PageRequest {
  readonly port: number;
  readonly ca: string;
  readonly path: string;
  /** The name that the certificate is checked for, where it is not the host's. */
  readonly servername?: string;
}

/** One request over a connection of its own. */
export function askPage({ port, ca, path, method = "GET", headers = {}, body, servername }: FullRequest, signal: AbortSignal): Promise<PageAnswer> {
  const text = typeof body === "object" ? JSON.stringify(body) : body;
  const { promise, resolve, reject } = Promise.withResolvers<PageAnswer>();
  const json = typeof body === "object" ? { "content-type": "application/json" } : {};
  const request = httpsRequest({ host: "127.0.0.1", port, path, method, ca, agent: false, signal, headers: { ...json, ...headers }, ...(servername === undefined ? {} : { servername }) }, (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => void chunks.push(chunk));
    response.once("error", reject);
    response.once("end", () => {
      const answer = Buffer.concat(chunks).toString("utf8");
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text: answer, json: () => JSON.parse(answer) as unknown });
    });
  });
  request.once("error", reject);
  request.end(text);
  return promise;
}
