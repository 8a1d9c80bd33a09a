// Asks a found target for its metadata by WS-Transfer Get, at an address of its own segment and with every answer bounded.

import { randomUUID } from "node:crypto";
import { Agent, request } from "undici";
import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, Fault } from "../../../drivers/contract/fault.ts";
import { isAddress, lies } from "../../protocol/firewall/addresses.ts";
import { readMetadata, writeMetadataRequest } from "../../protocol/ws-discovery/metadata.ts";
import type { DeviceMetadata } from "../../protocol/ws-discovery/metadata.ts";
import { CAPS } from "../../protocol/ws-discovery/vocabulary.ts";
import { withDeadline } from "../acquisition/deadline.ts";
import type { FoundTarget } from "./found-targets.ts";

const LIMIT_MS = 5000;

/** The first of the target's addresses that may be asked: HTTP, by IP address, within the segment. Undefined where there is none. */
export function metadataUrl({ xaddrs }: Pick<FoundTarget, "xaddrs">, subnets: readonly string[]): string | undefined {
  return xaddrs.find((text) => {
    const url = URL.parse(text);
    const host = url?.hostname.replace(/^\[|\]$/g, "") ?? "";
    return url?.protocol === "http:" && url.username === "" && url.password === "" && isAddress(host) && subnets.some((subnet) => lies(host, subnet));
  });
}

/** Throws ADDRESS_REFUSED where no address may be asked, PEER_UNREACHABLE, PEER_TIMEOUT or PEER_PROTOCOL. Follows no redirect. */
export async function fetchMetadata(target: FoundTarget, subnets: readonly string[], clock: Clock, signal: AbortSignal): Promise<DeviceMetadata> {
  const url = metadataUrl(target, subnets);
  if (url === undefined) throw new Fault("ADDRESS_REFUSED", "the target names no address in its own segment that could be asked over HTTP", { where: target.address });
  const messageId = `urn:uuid:${randomUUID()}`;
  const agent = new Agent({ maxResponseSize: CAPS.httpBytes, headersTimeout: LIMIT_MS, bodyTimeout: LIMIT_MS, connect: { timeout: LIMIT_MS } });
  try {
    return await withDeadline("metadata", LIMIT_MS, clock, signal, async (limited) => {
      const body = writeMetadataRequest(target.versions[0] ?? "2005/04", target.endpoint, messageId);
      const answer = await request(url, { method: "POST", body, dispatcher: agent, signal: limited, headers: { "content-type": "application/soap+xml; charset=utf-8" } });
      const bytes = new Uint8Array(await answer.body.arrayBuffer());
      if (answer.statusCode !== 200) throw new Fault("PEER_PROTOCOL", `the target answers ${answer.statusCode}`, { where: url });
      return readMetadata(bytes, messageId);
    });
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault("PEER_UNREACHABLE", `the target does not tell its metadata: ${asFault(error).message.slice(0, 200)}`, { where: url, cause: error });
  } finally {
    await agent.destroy();
  }
}
