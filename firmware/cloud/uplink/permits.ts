// A number of permits, handed out in the order of asking.

export interface Permits {
  /** True with a permit, which `release` gives back; false when the signal aborted first. */
  acquire(signal: AbortSignal): Promise<boolean>;
  release(): void;
}

export function makePermits(count: number): Permits {
  const waiting: (() => void)[] = [];
  let free = count;
  return {
    acquire: (signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve(false);
        if (free > 0) {
          free -= 1;
          return resolve(true);
        }
        const abort = (): void => {
          waiting.splice(waiting.indexOf(grant), 1);
          resolve(false);
        };
        const grant = (): void => {
          signal.removeEventListener("abort", abort);
          resolve(true);
        };
        signal.addEventListener("abort", abort, { once: true });
        waiting.push(grant);
      }),
    release: () => {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    },
  };
}
