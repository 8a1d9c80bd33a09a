// Tells core how the connection behind an assignment stands; only the newest state matters, and it arrives in the end.

import type { DriverLog } from "../../../drivers/contract/driver.ts";
import { asFault, reportFault, type Fault } from "../../../drivers/contract/fault.ts";
import type { InputOf } from "../../conduit/route.ts";
import type { sourceConduit } from "../../conduit/source.ts";

export type LinkState = InputOf<typeof sourceConduit.link>;

export interface LinkReport {
  /**
   * A new state, with the fault that led to it; true when it is news. What core knows already is not told again: two thousand
   * machines that are off would else keep it busy with their attempts. A new attempt forgets what was only advice.
   */
  state(state: LinkState["state"], fault?: Fault): boolean;
  /** Resolves when core has answered what was posted so far, or did not take it. */
  told(): Promise<void>;
  /**
   * Core may have begun anew and know an older state. A loss is told again by the next attempt that fails: told at once it could come
   * after values of a session that has just begun.
   */
  retell(): void;
  /** How readings arrive; goes with the present state and with those that follow until the next attempt. */
  arrivesBy(via: string): void;
  /** Something that ended nothing: goes with the present state and with those that follow. */
  advise(fault: Fault): void;
}

/** `send` carries one report to core and rejects only when the zone stops or core refuses it. */
export function makeLinkReport(assignment: string, send: (report: LinkState) => Promise<unknown>, log: DriverLog): LinkReport {
  let state: LinkState["state"] = "connecting";
  let advice: Fault | undefined;
  let via: string | undefined;
  let told = "";
  let last: LinkState | undefined;
  const sender = makeSender(send, log);
  const post = (fault: Fault | undefined): void => {
    const shown = fault ?? advice;
    last = { assignment, state, ...(via === undefined ? {} : { via }), ...(shown === undefined ? {} : { fault: clip(shown) }), ...(fault === undefined && shown !== undefined ? { advisory: true } : {}) };
    sender.send(last);
  };
  return {
    state: (to, fault) => {
      const isAdvised = advice !== undefined;
      if (to === "connecting") advice = via = undefined;
      const news = `${to} ${fault?.code ?? ""} ${fault?.message ?? ""}`;
      if (news === told || (to === "connecting" && told !== "" && !isAdvised)) return false;
      told = news;
      state = to;
      post(fault);
      return true;
    },
    told: sender.done,
    retell: () => {
      if (state === "lost") told = "";
      else if (last !== undefined) sender.send(last);
    },
    arrivesBy: (text) => {
      if (via === text) return;
      via = text.slice(0, 512);
      post(undefined);
    },
    advise: (fault) => {
      if (advice?.message === fault.message) return;
      advice = fault;
      post(undefined);
    },
  };
}

interface Sender {
  /** After the one on its way; of those that wait for it only the newest goes. */
  send(report: LinkState): void;
  /** Resolves when nothing is on its way any more. */
  done(): Promise<void>;
}

function makeSender(send: (report: LinkState) => Promise<unknown>, log: DriverLog): Sender {
  let next: LinkState | undefined;
  let sending: Promise<void> | undefined;
  const drain = async (): Promise<void> => {
    for (let report = next; report !== undefined; report = next) {
      next = undefined;
      await send(report).catch((error: unknown) => log.debug({ fault: asFault(error) }, "a link report was not taken"));
    }
    sending = undefined;
  };
  return {
    send: (report) => {
      next = report;
      sending ??= drain();
    },
    done: async () => sending,
  };
}

/** The lengths that the conduit takes. */
function clip(fault: Fault): NonNullable<LinkState["fault"]> {
  const report = reportFault(fault);
  const { where, remedy } = report;
  return {
    ...report,
    message: report.message.slice(0, 2048),
    ...(where === undefined ? {} : { where: where.slice(0, 1024) }),
    ...(remedy === undefined ? {} : { remedy: remedy.slice(0, 1024) }),
  };
}
