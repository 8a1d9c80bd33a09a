// A change on trial: it returns by itself to what held before unless it is confirmed in time, whoever dies meanwhile.

import { randomUUID } from "node:crypto";
import type { Clock } from "../../drivers/contract/clock.ts";
import { Fault, asFault } from "../../drivers/contract/fault.ts";
import { digestOf } from "../conduit/digest.ts";
import type { Standing } from "../conduit/host.ts";
import type { Log } from "../runtime/journal.ts";
import type { KeptState } from "./kept-state.ts";

export interface TrialOptions<State> {
  readonly clock: Clock;
  readonly log: Log;
  readonly kept: KeptState<State>;
  readonly trialMs: number;
  /** What holds where nothing was ever confirmed. */
  readonly initial: State;
  /** Throws where the state cannot be installed; changes nothing. */
  check(state: State): Promise<void>;
  /** Makes the state the system's. May leave it half done when it throws. */
  install(state: State): Promise<void>;
}

export interface Trial<State> {
  /** Checks, installs, and begins the trial; the answer names the change. What held stays, or returns at once, when it throws. Replaces a change on trial. */
  apply(state: State): Promise<string>;
  /** False when this change is not on trial (any more). */
  confirm(change: string): Promise<boolean>;
  standing(): Standing;
  /** Resolves when no change and no return is being installed: the standing between is of no use. */
  settled(): Promise<void>;
  /** What is installed now. */
  readonly installed: State;
  /** Undoes what is on trial: nobody would be left to do it. */
  close(): Promise<void>;
}

/** How often the return is tried again where it fails. */
const RETRY_MS = 5000;

/**
 * A predecessor that ended during a trial left its mark: then what held before is installed again before this resolves. The time that was
 * left is not waited for, since nobody knows what ended it.
 */
export async function openTrial<State>(options: TrialOptions<State>): Promise<Trial<State>> {
  const machine = new TrialMachine(options);
  await machine.recover();
  return machine;
}

class TrialMachine<State> implements Trial<State> {
  readonly #options: TrialOptions<State>;
  #installed: State;
  /** False where what the system has is unknown: before the first request, and while a return fails. */
  #isKnown: boolean;
  #endMs = 0;
  #change: string | undefined;
  #returned: string | undefined;
  #cancel = (): void => undefined;
  /** One after the other: a change and its return must not overlap. */
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: TrialOptions<State>) {
    this.#options = options;
    const confirmed = options.kept.readConfirmed();
    this.#installed = confirmed ?? options.initial;
    this.#isKnown = confirmed !== undefined;
  }

  get installed(): State {
    return this.#installed;
  }

  async recover(): Promise<void> {
    if (!this.#options.kept.hasTrial()) return;
    this.#options.log.warn({}, "host ended while a change was on trial; what held before returns");
    await this.#inTurn(() => this.#return("after a restart"));
  }

  apply(state: State): Promise<string> {
    return this.#inTurn(async () => {
      const { kept, check, install, trialMs, clock, log } = this.#options;
      if (this.#isClosed) throw new Fault("CANCELLED", "host is going down");
      await check(state);
      this.#cancel();
      // The mark before the deed: who dies in between finds it and returns.
      kept.writeTrial(state);
      try {
        await install(state);
      } catch (error) {
        await this.#return("because it could not be installed");
        throw error;
      }
      const change = randomUUID();
      this.#installed = state;
      this.#isKnown = true;
      this.#endMs = clock.uptimeMs() + trialMs;
      this.#change = change;
      this.#cancel = clock.after(trialMs, () => void this.#inTurn(() => this.#expire(change)));
      log.info({ change, trialMs }, "a change is on trial");
      return change;
    });
  }

  confirm(change: string): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.#change === undefined || this.#change !== change) return false;
      this.#options.kept.confirm();
      this.#cancel();
      this.#change = undefined;
      this.#options.log.info({ change }, "a change was confirmed");
      return true;
    });
  }

  standing(): Standing {
    const confirmed = this.#options.kept.readConfirmed();
    return {
      trial: this.#change ?? null,
      returned: this.#returned ?? null,
      installed: this.#isKnown ? digestOf(this.#installed) : null,
      confirmed: confirmed === undefined ? null : digestOf(confirmed),
      leftMs: this.#change === undefined ? null : Math.max(0, Math.round(this.#endMs - this.#options.clock.uptimeMs())),
    };
  }

  settled(): Promise<void> {
    return this.#inTurn(async () => undefined);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#inTurn(async () => {
      this.#cancel();
      if (this.#change !== undefined) await this.#return("because host ends");
    });
  }

  async #expire(change: string): Promise<void> {
    if (this.#change === change) await this.#return("because nobody confirmed it");
  }

  /** Never throws: what cannot be installed now is tried again until it is, or until this process ends and the next one does it. */
  async #return(why: string): Promise<void> {
    const { kept, install, initial, log, clock } = this.#options;
    const change = this.#change;
    // From here on it can no longer be confirmed.
    this.#change = undefined;
    this.#returned = change ?? this.#returned;
    const confirmed = kept.readConfirmed();
    const before = confirmed ?? initial;
    this.#isKnown = false;
    try {
      await install(before);
    } catch (error) {
      log.error({ fault: asFault(error) }, "what held before a change cannot be installed; it is tried again");
      if (!this.#isClosed) this.#cancel = clock.after(RETRY_MS, () => void this.#inTurn(() => this.#return(why)));
      return;
    }
    kept.dropTrial();
    this.#installed = before;
    this.#isKnown = confirmed !== undefined;
    log.warn({ ...(change === undefined ? {} : { change }), why }, "a change was undone");
  }

  #inTurn<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
