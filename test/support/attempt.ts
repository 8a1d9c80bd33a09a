// One test's run: its time limit, its signal and its clean-up.

/** Runs at the test's end, whatever its result; the last one registered runs first. A failing clean-up fails the test. */
export type Defer = (cleanUp: () => unknown) => void;

/** What a test is given. `signal` aborts at the time limit and at the end of the test. */
export interface TestContext {
  readonly signal: AbortSignal;
  readonly defer: Defer;
}

export type TestBody = (context: TestContext) => unknown;

const graceMs = 1000;

/** Runs `body` once, then its clean-up. Rejects with the first failure, or with an AggregateError of several. */
export async function attempt(body: TestBody, limitMs: number, cleanUpLimitMs = 30_000): Promise<void> {
  const abort = new AbortController();
  const cleanUps: (() => unknown)[] = [];
  let hasEnded = false;
  const defer: Defer = (cleanUp) => {
    if (hasEnded) void settle(cleanUp);
    else cleanUps.push(cleanUp);
  };
  const settle = (cleanUp: () => unknown): Promise<void> => withLimit(cleanUp, cleanUpLimitMs);
  const failures: unknown[] = [];
  const collect = (error: unknown): void => void failures.push(error instanceof Error ? error : new Error(`thrown: ${String(error)}`));
  await withLimit(() => body({ signal: abort.signal, defer }), limitMs, abort).catch(collect);
  abort.abort(new Error("the test has ended"));
  for (let cleanUp = cleanUps.pop(); cleanUp !== undefined; cleanUp = cleanUps.pop()) await settle(cleanUp).catch(collect);
  hasEnded = true;
  if (failures.length > 1) throw new AggregateError(failures, failures.map((failure) => (failure instanceof Error ? failure.message : "")).join("; "));
  if (failures.length === 1) throw failures[0];
}

/** Aborts at the limit, leaves a second to wind up, then rejects whether or not the work has ended. */
async function withLimit(work: () => unknown, limitMs: number, abort?: AbortController): Promise<void> {
  const over = new Error(`not done after its time limit of ${limitMs} ms`);
  const timers: NodeJS.Timeout[] = [];
  const limit = new Promise<never>((_, reject) => {
    const expire = (): void => {
      abort?.abort(over);
      timers.push(setTimeout(() => reject(over), abort === undefined ? 0 : graceMs));
    };
    timers.push(setTimeout(expire, limitMs));
  });
  try {
    await Promise.race([(async () => work())(), limit]);
    if (abort?.signal.aborted === true) throw over;
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}
