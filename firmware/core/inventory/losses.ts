// Turns the points of a machine that is lost bad, once each, so that nobody takes its last value for a present one.

import type { Clock } from "../../../drivers/contract/clock.ts";
import { asFault } from "../../../drivers/contract/fault.ts";
import type { AssetId, PointId } from "../../../drivers/contract/identity.ts";
import type { Sample } from "../../../drivers/contract/reading.ts";
import { READINGS_PER_REQUEST } from "../../conduit/source.ts";
import type { Log } from "../../runtime/journal.ts";
import type { Outbox } from "../outbox/contract.ts";
import type { Turns } from "../turns.ts";
import type { PointSpec } from "./asset.ts";
import type { LastValues } from "./last-values.ts";
import type { Link, Links } from "./links.ts";
import type { Register } from "./register.ts";

export interface LossesParts {
  readonly clock: Clock;
  readonly links: Links;
  readonly log: Log;
  readonly outbox: Outbox;
  readonly register: Register;
  readonly turns: Turns;
  readonly values: LastValues;
}

/** A point that is to turn bad, unless its last value is another one by then. */
interface Doubtful {
  readonly asset: AssetId;
  readonly point: PointId;
  readonly last: Sample | undefined;
}

interface Loss {
  readonly reason: string;
  doubtful: readonly Doubtful[];
  isRunning: boolean;
}

/** What the contract takes. */
const MAX_REASON = 256;

export class Losses {
  readonly #parts: LossesParts;
  readonly #open = new Map<string, Loss>();

  constructor(parts: LossesParts) {
    this.#parts = parts;
  }

  /**
   * After each report on the link; what was kept of it over a start does not count, since the zone tells it anew. Where it is lost, or stopped by a fault, every point behind it that is not bad already gets one
   * bad sample with the reason. Resolves when that is durable or put off (`retry`); never rejects.
   */
  async review(assignment: string): Promise<void> {
    this.#open.delete(assignment);
    const link = this.#parts.links.get(assignment);
    if (link === undefined || !isGone(link)) return;
    const reason = (link.fault?.message ?? "the machine is lost").slice(0, MAX_REASON);
    const loss: Loss = { reason, doubtful: [], isRunning: true };
    this.#open.set(assignment, loss);
    loss.doubtful = await this.#findDoubtful(assignment);
    await this.#turnBad(assignment, loss);
  }

  /** Once a second: what the outbox did not take. */
  retry(): void {
    for (const [assignment, loss] of this.#open) if (!loss.isRunning) void this.#turnBad(assignment, loss);
  }

  async #findDoubtful(assignment: string): Promise<readonly Doubtful[]> {
    const { register, turns, values } = this.#parts;
    const doubtful: Doubtful[] = [];
    for (const asset of register.behind(assignment)) {
      const zone = register.get(asset)?.zone ?? null;
      if (zone === null || register.refusal(asset, zone) !== undefined) continue;
      const listed = new Set<PointId>();
      const note = (point: PointId, last: Sample | undefined): void => void (last?.quality !== "bad" && doubtful.push({ asset, point, last }));
      // What was never written down of a value that core took before it crashed is out there all the same.
      await turns.each(register.pointsOf(asset), (page) => {
        for (const { id } of JSON.parse(`[${page}]`) as readonly PointSpec[]) {
          listed.add(id);
          note(id, values.last(asset, id));
        }
      });
      await turns.each(values.of(asset), (sample) => void (listed.has(sample.point) || note(sample.point, sample)));
    }
    return doubtful;
  }

  async #turnBad(assignment: string, loss: Loss): Promise<void> {
    const { log, outbox, turns, values } = this.#parts;
    loss.isRunning = true;
    try {
      while (loss.doubtful.length > 0 && this.#open.get(assignment) === loss) {
        await turns.next();
        // What came meanwhile was read from a machine that is back.
        const portion = loss.doubtful.slice(0, READINGS_PER_REQUEST).filter(({ asset, point, last }) => values.last(asset, point) === last);
        const readings = portion.map((one) => this.#badSample(one, loss.reason));
        if (readings.length > 0) await outbox.append({ zone: "core", readings });
        values.update(readings);
        loss.doubtful = loss.doubtful.slice(READINGS_PER_REQUEST);
      }
      if (this.#open.get(assignment) === loss) this.#open.delete(assignment);
    } catch (error) {
      log.debug({ fault: asFault(error, assignment) }, "the points of a lost machine cannot be turned bad yet");
    } finally {
      loss.isRunning = false;
    }
  }

  #badSample({ asset, point }: Doubtful, reason: string): Sample {
    const { clock } = this.#parts;
    return { asset, point, value: null, quality: "bad", reason, sourceTime: null, gatewayTime: new Date(clock.now()).toISOString(), timeQuality: clock.timeQuality() };
  }
}

function isGone({ state, fault }: Link): boolean {
  return state === "lost" || (state === "stopped" && fault !== undefined);
}
