// A real core and the page before it, in this process: what a stranger, a browser and a program meet.

import { randomUUID } from "node:crypto";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { once } from "node:events";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { startPage, type Page } from "../../../firmware/admin/server/page-server.ts";
import { adminConduit, type PageSettings } from "../../../firmware/conduit/admin.ts";
import { openConduit } from "../../../firmware/runtime/conduit-client.ts";
import { conduitSocket } from "../../../firmware/runtime/conduit-path.ts";
import { silentLog } from "../../../firmware/runtime/journal.ts";
import { systemClock } from "../../../firmware/runtime/system-clock.ts";
import { askPage, type PageAnswer, type PageRequest } from "../../support/page.ts";
import type { TestContext } from "../../support/suite.ts";
import { startCore, type RunningCore, type StartOptions } from "../core/running-core.ts";

export interface RunningPage {
  readonly core: RunningCore;
  readonly page: Page;
  readonly settings: PageSettings;
  readonly port: number;
  readonly ca: string;
  /** One request over a connection of its own, for `localhost` unless the headers say another host. */
  ask(path: string, request?: PageRequest): Promise<PageAnswer>;
  /** What is sent as it stands, and all that comes back until the other side closes. */
  raw(bytes: string, options?: ConnectionOptions): Promise<string>;
}

/** The page at 127.0.0.1, port chosen by the system, with the certificate of core's own CA for people. */
export async function startRunningPage(context: TestContext, more: Partial<PageSettings> = {}, { configuration = "", clock = systemClock, ...options }: StartOptions & { readonly configuration?: string; readonly clock?: Clock } = {}): Promise<RunningPage> {
  const { defer, signal } = context;
  const core = await startCore(defer, `page: { port: 9797 }\n${configuration}`, options);
  const open = () => {
    const client = openConduit(adminConduit, { socket: conduitSocket(core.dataDir, "admin"), clock: systemClock, epoch: randomUUID(), log: silentLog });
    defer(() => client.close());
    return client;
  };
  const clients = { core: open(), strangers: open() };
  await clients.core.call("listening", { urls: [], addresses: ["127.0.0.1"] }, signal);
  const answer = await clients.core.call("settings", { after: 0, waitMs: 0 }, signal);
  if (answer.page === null) throw new Error("core wants no page");
  const settings = { ...answer.page, addresses: ["127.0.0.1"], port: 0, names: ["localhost", "127.0.0.1", "gateway.test"], ...more };
  const page = await startPage(settings, { ...clients, clock, log: silentLog }, signal);
  defer(() => page.close());
  const port = Number(new URL(page.urls[0] ?? "").port);
  const { certificate } = await core.local.call("pageCertificate", {}, signal);
  const { ca } = certificate;
  return {
    core,
    page,
    settings,
    port,
    ca,
    ask: (path, request = {}) => askPage({ port, ca, path, servername: "localhost", ...request, headers: { host: `localhost:${port}`, ...request.headers } }, signal),
    raw: (bytes, tls = {}) => askRaw(port, ca, bytes, tls),
  };
}

async function askRaw(port: number, ca: string, bytes: string, options: ConnectionOptions): Promise<string> {
  const socket = await openTls(port, ca, options);
  socket.write(bytes);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => void chunks.push(chunk));
  socket.on("error", () => undefined);
  await once(socket, "close");
  return Buffer.concat(chunks).toString("latin1");
}

/** Connected when it resolves; rejects where the other side refuses. */
export async function openTls(port: number, ca: string, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({ host: "127.0.0.1", port, ca, checkServerIdentity: () => undefined, ...options });
  await once(socket, "secureConnect");
  return socket;
}

/** What every answer carries. */
export const HEADERS = [
  "content-security-policy",
  "x-content-type-options",
  "x-frame-options",
  "referrer-policy",
  "permissions-policy",
  "cross-origin-opener-policy",
  "cross-origin-embedder-policy",
  "cross-origin-resource-policy",
  "cache-control",
] as const;
