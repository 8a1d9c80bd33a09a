// The two retained documents beside the telemetry: what the gateway is and holds (status), and which assets it reads (inventory).

import type { Clock } from "../../../drivers/contract/clock.ts";
import type { cloudConduit } from "../../conduit/cloud.ts";
import type { OutboxFigures } from "../../conduit/shared.ts";
import type { LinkStatus } from "../../protocol/cloud-payloads.ts";
import type { ConduitClient } from "../../runtime/conduit-client.ts";
import type { Log } from "../../runtime/journal.ts";
import type { Will } from "./connect.ts";
import type { Connection } from "./connection.ts";
import { packetBytes, topicOf } from "./payload.ts";
import type { Timing } from "./timing.ts";

export interface DocumentPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly timing: Timing;
  readonly core: ConduitClient<typeof cloudConduit>;
  readonly gateway: string;
  readonly version: string;
}

const INVENTORY_WAIT_MS = 30_000;

/** Said by the broker when the connection breaks, and by ourselves when we go. */
export function offlineWill(gateway: string, version: string): Will {
  const offline: LinkStatus = { gateway, state: "offline", version, mode: "observe" };
  return { topic: topicOf("status", gateway), payload: Buffer.from(JSON.stringify(offline)) };
}

/**
 * Publishes both at once and then on change, until the signal aborts. The figures are looked at every minute and published
 * when they differ, so that an idle gateway sends nothing (U3.1-T2).
 */
export async function runDocuments(connection: Connection, ports: DocumentPorts, signal: AbortSignal): Promise<void> {
  await Promise.all([runStatus(connection, ports, signal), runInventory(connection, ports, signal)]);
}

async function runStatus(connection: Connection, ports: DocumentPorts, signal: AbortSignal): Promise<void> {
  const { clock, timing, core, gateway, version } = ports;
  let published = "";
  while (!signal.aborted) {
    const outbox = await untilCancelled(core.call("figures", {}, signal), signal);
    if (outbox === undefined) return;
    const figures = comparable(outbox);
    if (figures !== published) {
      const online: LinkStatus = { gateway, state: "online", version, mode: "observe", time: new Date(clock.now()).toISOString(), outbox };
      await publish(connection, topicOf("status", gateway), online, ports);
      published = figures;
    }
    await clock.sleep(timing.figuresMs, signal).catch(() => undefined);
  }
}

async function runInventory(connection: Connection, ports: DocumentPorts, signal: AbortSignal): Promise<void> {
  let revision = 0;
  let published = "";
  while (!signal.aborted) {
    const answer = await untilCancelled(ports.core.call("inventory", { after: revision, waitMs: INVENTORY_WAIT_MS }, signal), signal);
    if (answer === undefined) return;
    ({ revision } = answer);
    const text = JSON.stringify(answer.document);
    if (text === published) continue;
    await publish(connection, topicOf("inventory", ports.gateway), answer.document, ports);
    published = text;
  }
}

/** A document that does not get through is said in the log and published again with its next change or connection. */
async function publish(connection: Connection, topic: string, document: unknown, { log }: DocumentPorts): Promise<void> {
  const payload = Buffer.from(JSON.stringify(document));
  const bytes = packetBytes(topic, payload.length);
  if (bytes > connection.maxPacketBytes) return log.warn({ topic, bytes, limit: connection.maxPacketBytes }, "a document is larger than the broker takes");
  const answer = await connection.publish(topic, payload, { retain: true });
  if (answer.kind === "refused") log.warn({ topic, reason: answer.reason }, "the broker refuses a document");
}

/** The age of the oldest reading always moves and says nothing new by itself. */
function comparable({ queued, dropped, rejected }: OutboxFigures): string {
  return JSON.stringify({ queued, dropped, rejected });
}

async function untilCancelled<Reply>(call: Promise<Reply>, signal: AbortSignal): Promise<Reply | undefined> {
  try {
    return await call;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
