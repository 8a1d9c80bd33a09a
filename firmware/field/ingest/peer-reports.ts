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
    log.warn({ fault }, "something is not right with a client of the ingest endpoint");
    if (waiting.length >= MAX_WAITING) return;
    waiting.push(fault);
    if (isPosting) return;
    isPosting = true;
    void drain();
  };
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
