// The times of name resolution that nobody configures, with their reasons; tests shorten them.

export interface NameTiming {
  /** For one resolution with all its tries. */
  readonly limitMs: number;
  /** So long the second family of addresses may take after the first has answered. */
  readonly patienceMs: number;
  /** Bounds of the time to live. */
  readonly refreshMinMs: number;
  readonly refreshMaxMs: number;
  /** So much longer than until its renewal an admission holds: time for the resolution, for host, and for some failures. */
  readonly marginMs: number;
  /** So long after that DNS may be silent. */
  readonly graceMs: number;
  /** The next address is tried so long after the one before, which goes on. */
  readonly staggerMs: number;
}

export const NAME_TIMING: NameTiming = {
  limitMs: 10_000,
  // RFC 8305 §3 recommends 50 ms where a person waits; nobody does here, and a second family is worth more.
  patienceMs: 1000,
  refreshMinMs: 60_000,
  refreshMaxMs: 900_000,
  marginMs: 300_000,
  // RFC 8767 §5: one to three days.
  graceMs: 86_400_000,
  // RFC 8305 §5.
  staggerMs: 250,
};
