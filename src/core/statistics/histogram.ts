/** Buckets to each doubling: what is read from them is right within a tenth. */
const PER_OCTAVE = 4;

/** Returns the bucket of a duration in milliseconds: 0 up to 1 ms, and each next one ends 2^(1/4) times later. A year is in bucket 140. */
export function bucketOf(ms: number): number {
  return ms <= 1 ? 0 : Math.ceil(PER_OCTAVE * Math.log2(ms));
}

/** Returns the duration that a share of those in the buckets did not exceed, in milliseconds: the middle of its bucket. Null when there are none. */
export function quantile(buckets: readonly number[], share: number): number | null {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total <= 0) return null;
  const rank = Math.max(1, Math.ceil(share * total));
  let seen = 0;
  const bucket = buckets.findIndex((count) => {
    seen += count;
    return seen >= rank;
  });
  return bucket === 0 ? 1 : Math.round(2 ** ((bucket - 0.5) / PER_OCTAVE));
}
