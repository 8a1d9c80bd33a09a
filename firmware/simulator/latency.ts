// How long messages were on their way: a histogram with steps of five percent.

export interface Latencies {
  add(ms: number): void;
  /** Milliseconds that this share (0 to 1) did not exceed; null where nothing was counted. */
  quantile(share: number): number | null;
  count(): number;
  reset(): void;
}

const step = Math.log(1.05);
const leastMs = 0.01;
const buckets = 420;

export function makeLatencies(): Latencies {
  const counts = new Float64Array(buckets);
  let total = 0;
  return {
    add(ms) {
      const bucket = ms <= leastMs ? 0 : Math.min(buckets - 1, Math.ceil(Math.log(ms / leastMs) / step));
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      total += 1;
    },
    quantile(share) {
      if (total === 0) return null;
      let left = Math.ceil(total * share);
      for (let bucket = 0; bucket < buckets; bucket += 1) {
        left -= counts[bucket] ?? 0;
        if (left <= 0) return leastMs * Math.exp(bucket * step);
      }
      return null;
    },
    count: () => total,
    reset() {
      counts.fill(0);
      total = 0;
    },
  };
}
