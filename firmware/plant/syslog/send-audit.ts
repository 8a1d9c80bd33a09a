// Keeps the connection to the collector and sends it what core has for it.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault, Fault, isFault, reportFault } from "../../../drivers/contract/fault.ts";
import type { AuditRecord } from "../../conduit/audit.ts";
import type { plantConduit } from "../../conduit/plant.ts";
import type { SyslogSettings } from "../../config/plant-section.ts";
import { makeBackoff } from "../../runtime/backoff.ts";
import type { ConduitClient } from "../../runtime/conduit-client.ts";
import type { Log } from "../../runtime/journal.ts";
import { openCollector, type Collector } from "./collector.ts";
import { frame } from "./format.ts";

export interface AuditSender {
  readonly syslog: SyslogSettings;
  readonly secrets: Readonly<Record<string, string>>;
  /** Host name in the messages. */
  readonly gateway: string;
  readonly core: ConduitClient<typeof plantConduit>;
  readonly clock: Clock;
  readonly log: Log;
}

const RETRY = { firstMs: 500, maxMs: 60_000, stableMs: 10_000 };
const RECORDS = 200;
const WAIT_MS = 30_000;
/** A connection that broke without a word shows when what was written is not acknowledged by TCP; most break with one. */
const SETTLE_MS = 3000;

/** Until the signal aborts; then resolves with the connection closed. */
export async function sendAudit(sender: AuditSender, signal: AbortSignal): Promise<void> {
  const { clock, core, log } = sender;
  const backoff = makeBackoff(RETRY);
  while (!signal.aborted) {
    const sinceMs = clock.uptimeMs();
    const fault = await runConnection(sender, signal).then(() => undefined, (error: unknown) => asFault(error, "plant.syslog"));
    if (signal.aborted || fault === undefined) return;
    if (fault.kind === "defect") throw fault;
    log.warn({ fault }, "the log collector is away");
    await core.call("standing", { of: "syslog", state: "lost", fault: reportFault(fault) }, signal).catch(() => undefined);
    await clock.sleep(backoff.nextMs(clock.uptimeMs() - sinceMs), signal).catch(() => undefined);
  }
}

/** Throws why the connection ended; resolves when the signal aborts. */
async function runConnection(sender: AuditSender, signal: AbortSignal): Promise<void> {
  const { core } = sender;
  const collector = await openCollector(sender, signal);
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  void collector.closed.then(() => ended.abort());
  try {
    await core.call("standing", { of: "syslog", state: "connected" }, either);
    await send(sender, collector, either);
  } catch (error) {
    if (signal.aborted) return;
    // The collector's own end is the reason for the cancelled call.
    if (isFault(error, "CANCELLED")) throw await collector.closed;
    throw error;
  } finally {
    collector.close();
  }
}

/** What was written and is not yet taken for sent stays with core, so each round asks for what is behind the last confirmed one and skips what went already. */
async function send({ clock, core, gateway }: AuditSender, collector: Collector, signal: AbortSignal): Promise<never> {
  for (;;) {
    const { records } = await core.call("auditRecords", { limit: RECORDS, waitMs: WAIT_MS }, signal);
    const last = records.at(-1);
    if (last === undefined) continue;
    await write(collector, records, gateway);
    await clock.sleep(SETTLE_MS, signal);
    if (signal.aborted) throw new Fault("CANCELLED", "the connection ended");
    await core.call("auditSent", { number: last.number }, signal);
  }
}

async function write(collector: Collector, records: readonly AuditRecord[], gateway: string): Promise<void> {
  for (const record of records) await collector.write(frame(record, gateway));
}
