// Asks what was found who it is, without credentials and with everything bounded: its certificates by a TLS handshake, its nameplate by one GET.

import { Client } from "undici";
import type { Clock } from "../../../drivers/contract/clock.ts";
import type { Announcement } from "../../../drivers/contract/driver.ts";
import { asFault, Fault, isFault } from "../../../drivers/contract/fault.ts";
import type { Nameplate } from "../../../drivers/contract/identity.ts";
import type { DeviceMetadata } from "../../protocol/ws-discovery/metadata.ts";
import { withDeadline } from "../acquisition/deadline.ts";
import { fetchMetadata } from "./fetch-metadata.ts";
import type { FoundTarget } from "./found-targets.ts";
import { connectToFound, type PeerConnection } from "./peer-connection.ts";

/** What an inspection brought. A claim, but for the certificate: whoever showed it holds its key. */
export interface Shown {
  readonly nameplate?: Nameplate;
  readonly device?: Nameplate;
  readonly certificates?: readonly string[];
  readonly fault?: Fault;
}

/** From the first packet to the last byte of the answer. */
const LIMIT_MS = 8000;
const MAX_BODY_BYTES = 65_536;
const MAX_HEADER_BYTES = 16_384;

/** Handshake and GET on one connection. Never rejects: what went wrong is `fault`, beside the certificates if they were shown. */
export async function inspectMachine(url: URL, { identification, nameplate }: Announcement, clock: Clock, signal: AbortSignal): Promise<Shown> {
  let connection: PeerConnection | undefined;
  let expired = false;
  try {
    const found = await withDeadline("inspection", LIMIT_MS, clock, signal, async (limited) => {
      limited.addEventListener("abort", () => void (expired = true), { once: true });
      connection = await connectToFound(url, limited);
      return nameplate(await getDocument(url, identification, connection, limited));
    });
    if ("mismatch" in found) throw new Fault("PEER_PROTOCOL", `its identification does not fit: ${found.mismatch.slice(0, 500)}`, { where: url.href });
    return { ...certificatesOf(connection), nameplate: found };
  } catch (error) {
    const fault = expired && !isFault(error, "PEER_LIMIT") ? new Fault("PEER_TIMEOUT", `no complete answer within ${LIMIT_MS / 1000} s`, { where: url.href, cause: error }) : asPeerFault(error, url);
    return { ...certificatesOf(connection), fault };
  } finally {
    connection?.socket.destroy();
  }
}

/** ThisModel and ThisDevice of a device of DPWS. Never rejects. */
export async function inspectDevice(target: FoundTarget, subnets: readonly string[], clock: Clock, signal: AbortSignal): Promise<Shown> {
  try {
    return { device: nameplateOf(await fetchMetadata(target, subnets, clock, signal)) };
  } catch (error) {
    return { fault: asFault(error, target.address) };
  }
}

async function getDocument(url: URL, identification: string, { socket }: PeerConnection, signal: AbortSignal): Promise<unknown> {
  const root = new URL(url);
  if (!root.pathname.endsWith("/")) root.pathname += "/";
  const client = new Client(url.origin, {
    // The one connection whose certificates were taken; there is no second. undici waits for ever when it is called back at once.
    connect: (_, callback) => setImmediate(() => (socket.destroyed ? callback(new Fault("PEER_CLOSED", "it closed the connection"), null) : callback(null, socket))),
    maxHeaderSize: MAX_HEADER_BYTES,
    maxResponseSize: MAX_BODY_BYTES,
    headersTimeout: LIMIT_MS,
    bodyTimeout: LIMIT_MS,
  });
  try {
    const { statusCode, headers, body } = await client.request({ method: "GET", path: new URL(identification, root).pathname, headers: { accept: "application/json" }, signal });
    const text = await body.text();
    if (statusCode === 200) return JSON.parse(text);
    throw judgeStatus(statusCode, headers["location"]);
  } finally {
    await client.destroy();
  }
}

function judgeStatus(status: number, location: unknown): Fault {
  if (status === 401 || status === 403) return new Fault("CREDENTIALS_REFUSED", `it wants credentials before it says who it is (${status})`, { remedy: "Compare its certificate, and accept it with a user and the name of a secret." });
  if (status >= 300 && status < 400) return new Fault("PEER_PROTOCOL", `it redirects (${status}) to ${JSON.stringify(location ?? "nowhere").slice(0, 300)}; redirects are not followed`);
  return new Fault("PEER_PROTOCOL", `it answers with status ${status}`);
}

function asPeerFault(error: unknown, url: URL): Fault {
  if (error instanceof SyntaxError) return new Fault("PEER_PROTOCOL", "it answers with something that is no JSON", { where: url.href, cause: error });
  if (isFault(error)) return new Fault(error.code, error.message, { where: error.where ?? url.href, remedy: error.remedy, cause: error });
  const { code = "", message = "" } = error as { code?: string; message?: string };
  if (code === "UND_ERR_RES_EXCEEDED_MAX_SIZE") return new Fault("PEER_LIMIT", `it answers with more than ${MAX_BODY_BYTES} bytes`, { where: url.href, cause: error });
  if (code === "UND_ERR_HEADERS_OVERFLOW") return new Fault("PEER_LIMIT", `it answers with more than ${MAX_HEADER_BYTES} bytes of headers`, { where: url.href, cause: error });
  if (code === "UND_ERR_SOCKET" || code === "ECONNRESET" || code === "EPIPE") return new Fault("PEER_CLOSED", "it closes the connection before its answer is complete", { where: url.href, cause: error });
  return new Fault("PEER_PROTOCOL", `its answer cannot be read (${(code === "" ? message : code).slice(0, 200)})`, { where: url.href, cause: error });
}

function certificatesOf(connection: PeerConnection | undefined): Pick<Shown, "certificates"> {
  return connection === undefined || connection.certificates.length === 0 ? {} : { certificates: connection.certificates };
}

function nameplateOf({ manufacturer = "", modelName, modelNumber = "", serialNumber = "", firmwareVersion }: DeviceMetadata): Nameplate {
  return { manufacturer, model: modelName ?? modelNumber, serialNumber, ...(firmwareVersion === undefined ? {} : { softwareRevision: firmwareVersion }) };
}
