// Tells core of faulty clients, one at a time and few at once: a flood of them must not become a flood of requests.

import type { Fault, FaultReport } from "../../../drivers/contract/fault.ts";
import { asFault, reportFault } from "../../../drivers/contract/fault.ts";
import type { DriverLog } from "../../../drivers/contract/driver.ts";

/** Beyond it a fault is only logged. */
const MAX_WAITING = 64;

/** `post` carries one fault to core; it may reject. */
export function makePeerReports(post: (fault: FaultReport) => Promise<unknown>, log: DriverLog): (fault: Fault) => void {
  const waiting: Fault[] = [];
  let isPosting = false;
  const drain = async (): Promise<void> => {
    for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
      await post(clip(reportFault(fault))).catch((error: unknown) => log.debug({ fault: asFault(error) }, "core took no report of a client"));
    }
    isPosting = false;
  };
  return (fault) => {
    const isNews = isForCore(fault);
    log[isNews ? "warn" : "debug"]({ fault }, "something is not right with a client of the ingest endpoint");
    if (!isNews || waiting.length >= MAX_WAITING) return;
    waiting.push(fault);
    if (isPosting) return;
    isPosting = true;
    void drain();
  };
}

/** What a machine that was let in is lost for goes with its link, and what is our own trouble is no fault of the client. */
function isForCore({ kind, code, where = "" }: Fault): boolean {
  if (kind === "denied") return true;
  return !where.startsWith("machine ") && (code.startsWith("PEER_") || code === "NOT_SUPPORTED");
}

/** The lengths that the conduit takes. */
export function clip({ code, kind, message, where, remedy }: FaultReport): FaultReport {
  return {
    code,
    kind,
    message: message.slice(0, 2048),
    ...(where === undefined ? {} : { where: where.slice(0, 1024) }),
    ...(remedy === undefined ? {} : { remedy: remedy.slice(0, 1024) }),
  };
}
