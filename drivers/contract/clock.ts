// The port through which everything in Weir learns the time; the system's clock and the tests' clock implement it.

/** How far a wall-clock time can be trusted: `synchronised` by NTP or RTC, `free` running, `unknown` after a cold start. */
export type TimeQuality = "synchronised" | "free" | "unknown";

/** Where the machine stands since it was started: comparable between processes and their restarts, as long as `id` is the same. */
export interface Boot {
  /** Another one after each start of the machine. */
  readonly id: string;
  /** Monotonic milliseconds since that start. */
  readonly ms: number;
}

export interface Clock {
  /** Wall time in milliseconds since 1970-01-01 UTC. May jump by years in either direction; no deadline is built on it. */
  now(): number;
  /** Monotonic milliseconds since some fixed start. Never jumps; deadlines, intervals and locks are built on it. */
  uptimeMs(): number;
  /** Resolves after `ms`; rejects with Fault CANCELLED as soon as the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Calls back once after `ms` unless the returned function is called first. */
  after(ms: number, callback: () => void): () => void;
  timeQuality(): TimeQuality;
  boot(): Boot;
}
