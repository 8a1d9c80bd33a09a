// Several simulated machines in one process, with one ledger and one rhythm.

import type { Clock } from "../../drivers/contract/clock.ts";
import { openLedger } from "./ledger-file.ts";
import { startMachine, type Machine, type MachineOptions } from "./machine.ts";

export interface MachinesOptions extends Omit<MachineOptions, "index"> {
  readonly count: number;
  /** Index of the first machine, so that several programs have machines with different serial numbers. */
  readonly first?: number;
  /** Where what was acknowledged is written; absent: nowhere. */
  readonly ledger?: string;
}

export interface Machines {
  readonly all: readonly Machine[];
  /** Sums over all machines. */
  figures(): { readonly made: number; readonly acknowledged: number; readonly dropped: number; readonly pending: number };
  /** No machine makes readings from now on; what waits is still sent. */
  pause(): void;
  close(): Promise<void>;
}

const tickMs = 4;
const flushMs = 250;

/** Starts `count` machines on ports from `port` on, two for each. Throws the system's error when one is taken; then none runs. */
export async function startMachines(options: MachinesOptions, clock: Clock): Promise<Machines> {
  const ledger = openLedger(options.ledger);
  const all: Machine[] = [];
  try {
    for (let index = 0; index < options.count; index += 1) {
      all.push(await startMachine({ ...options, index: (options.first ?? 0) + index, port: options.port === 0 ? 0 : options.port + 2 * index }, clock, ledger));
    }
  } catch (error) {
    await Promise.all(all.map((machine) => machine.close()));
    throw error;
  }
  const stopTicks = every(clock, tickMs, () => {
    for (const machine of all) machine.tick();
  });
  const stopFlushes = every(clock, flushMs, ledger.flush);
  const sum = (figure: (machine: Machine) => number): number => all.reduce((total, machine) => total + figure(machine), 0);
  return {
    all,
    figures: () => ({
      made: sum(({ figures }) => figures.made),
      acknowledged: sum(({ figures }) => figures.acknowledged),
      dropped: sum(({ figures }) => figures.dropped),
      pending: sum((machine) => machine.pending()),
    }),
    pause: () => all.forEach((machine) => machine.pause()),
    async close() {
      stopTicks();
      stopFlushes();
      await Promise.all(all.map((machine) => machine.close()));
      ledger.close();
    },
  };
}

/** Calls `work` again and again, `ms` after it ended, until the returned function is called. */
export function every(clock: Clock, ms: number, work: () => void): () => void {
  let cancel = (): void => undefined;
  const arm = (): void => {
    cancel = clock.after(ms, () => {
      work();
      arm();
    });
  };
  arm();
  return () => cancel();
}
