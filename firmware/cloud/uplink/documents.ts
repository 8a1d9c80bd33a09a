// The two retained documents beside the telemetry: what the gateway is and holds (status), and which assets it reads (inventory).

import type { Clock } from "../../../drivers/contract/clock.ts";
import { Fault, reportFault } from "../../../drivers/contract/fault.ts";
import type { cloudConduit, DocumentName } from "../../conduit/cloud.ts";
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
/** MQTT 5 §1.5.5: the largest remaining length, with its own bytes. */
const MQTT_MOST_BYTES = 268_435_455;

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
   * so that an idle gateway sends nothing (U3.1-T2); with them where the audit log ends.
   */
  run(signal: AbortSignal): Promise<void>;
}

export function makeDocuments(connection: Connection, ports: DocumentPorts): Documents {
  const { clock, timing, core, gateway, version } = ports;
  let status = "";
  let mark: number | undefined;
  let markedMs = Number.NEGATIVE_INFINITY;
  let inventory = "";
  let revision = 0;
  const renewStatus = async (signal: AbortSignal): Promise<void> => {
    const figures = await untilCancelled(core.call("figures", {}, signal), signal);
    if (figures === undefined) return;
    const { audit, ...outbox } = figures;
    const isMarkDue = audit !== undefined && audit.number !== mark && clock.uptimeMs() - markedMs >= timing.auditMarkMs;
    if (comparable(outbox) === status && !isMarkDue) return;
    status = comparable(outbox);
    [mark, markedMs] = [audit?.number, clock.uptimeMs()];
    const online: LinkStatus = { gateway, state: "online", version, mode: "observe", time: new Date(clock.now()).toISOString(), outbox, ...(audit === undefined ? {} : { audit }) };
    await publish(connection, "status", Buffer.from(JSON.stringify(online)), ports, signal);
  };
  const renewInventory = async (waitMs: number, signal: AbortSignal): Promise<void> => {
    const answer = await untilCancelled(core.call("inventory", { after: revision, waitMs }, signal), signal);
    if (answer === undefined || answer.head.revision === revision) return;
    ({ revision } = answer.head);
    if (answer.head.digest === inventory) return;
    inventory = answer.head.digest;
    await publish(connection, "inventory", Buffer.from(answer.body.buffer, answer.body.byteOffset, answer.body.byteLength), ports, signal);
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

/** A document that does not get through is told to core and published again with its next change or connection. */
async function publish(connection: Connection, name: DocumentName, payload: Buffer, { log, core, gateway }: DocumentPorts, signal: AbortSignal): Promise<void> {
  const topic = topicOf(name, gateway);
  const refusal = await explainRefusal(connection, topic, payload);
  if (refusal === "lost") return;
  if (refusal !== undefined) log.warn({ topic, reason: refusal }, "the broker does not take a document");
  await tellDocument(core, name, refusal === undefined ? undefined : new Fault("PEER_LIMIT", refusal), signal);
}

async function explainRefusal(connection: Connection, topic: string, payload: Buffer): Promise<string | undefined> {
  const bytes = packetBytes(topic, payload.length);
  const limit = Math.min(connection.maxPacketBytes, MQTT_MOST_BYTES);
  if (bytes > limit) return `it has ${bytes} bytes, more than the ${limit} that the broker takes`;
  const answer = await connection.publish(topic, payload, { retain: true });
  if (answer.kind === "lost") return "lost";
  return answer.kind === "refused" ? `the broker refuses it: ${answer.reason}` : undefined;
}

/** Core makes a condition of it, or ends that. */
export async function tellDocument(core: DocumentPorts["core"], document: DocumentName, fault: Fault | undefined, signal: AbortSignal): Promise<void> {
  await untilCancelled(core.call("document", fault === undefined ? { document } : { document, fault: reportFault(fault) }, signal), signal);
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
