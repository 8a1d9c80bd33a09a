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

export interface Documents {
  /** Publishes both; resolves when the broker has answered, or the connection or the signal has ended. */
  first(signal: AbortSignal): Promise<void>;
  /**
   * Publishes each on change, until the signal aborts. The figures are looked at every minute and published when they differ,
   * so that an idle gateway sends nothing (U3.1-T2).
   */
  run(signal: AbortSignal): Promise<void>;
}

export function makeDocuments(connection: Connection, ports: DocumentPorts): Documents {
  const { clock, timing, core, gateway, version } = ports;
  let status = "";
  let inventory = "";
  let revision = 0;
  const renewStatus = async (signal: AbortSignal): Promise<void> => {
    const outbox = await untilCancelled(core.call("figures", {}, signal), signal);
    if (outbox === undefined || comparable(outbox) === status) return;
    status = comparable(outbox);
    const online: LinkStatus = { gateway, state: "online", version, mode: "observe", time: new Date(clock.now()).toISOString(), outbox };
    await publish(connection, topicOf("status", gateway), online, ports);
  };
  const renewInventory = async (waitMs: number, signal: AbortSignal): Promise<void> => {
    const answer = await untilCancelled(core.call("inventory", { after: revision, waitMs }, signal), signal);
    if (answer === undefined) return;
    const text = JSON.stringify(answer.document);
    ({ revision } = answer);
    if (text === inventory) return;
    inventory = text;
    await publish(connection, topicOf("inventory", gateway), answer.document, ports);
  };
  const runStatus = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(timing.figuresMs, signal).catch(() => undefined);
      await renewStatus(signal);
    }
  };
  const runInventory = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) await renewInventory(INVENTORY_WAIT_MS, signal);
  };
  return {
    first: async (signal) => void (await Promise.all([renewStatus(signal), renewInventory(0, signal)])),
    run: async (signal) => void (await Promise.all([runStatus(signal), runInventory(signal)])),
  };
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
