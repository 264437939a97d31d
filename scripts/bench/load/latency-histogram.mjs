/** Sub-buckets per power of two: a value is off by less than 1 / 128, under 0.8 %. */
const SUB_BITS = 7;
const SUB = 1 << SUB_BITS;
/** 2^36 µs is nineteen hours. */
const POWERS = 36;

/**
 * Counts latencies in buckets that widen with the value, so that ten million of them cost 37 kB and no sorting.
 * Values are microseconds; every answer is too.
 */
export class LatencyHistogram {
  #counts = new Uint32Array((POWERS - SUB_BITS + 1) * SUB);
  #sum = 0;
  count = 0;
  max = 0;

  /** Counts one latency; below zero counts as zero. */
  record(microseconds) {
    const value = microseconds > 0 ? Math.floor(microseconds) : 0;
    this.#counts[bucketOf(value)]++;
    this.#sum += value;
    this.count++;
    if (value > this.max) this.max = value;
  }

  /** Mean of what was recorded; NaN when nothing was. */
  get mean() {
    return this.#sum / this.count;
  }

  /** The latency that the given share (0 to 1) of the requests did not pass; NaN when nothing was recorded. */
  quantile(share) {
    if (this.count === 0) return NaN;
    const wanted = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket];
      if (seen >= wanted) return Math.min(topOf(bucket), this.max);
    }
    return this.max;
  }
}

function bucketOf(value) {
  if (value < SUB) return value;
  const power = Math.min(POWERS - 1, Math.floor(Math.log2(value)));
  const shift = power - SUB_BITS;
  return (shift + 1) * SUB + Math.min(SUB - 1, Math.floor(value / 2 ** shift) - SUB);
}

function topOf(bucket) {
  if (bucket < SUB) return bucket;
  const shift = Math.floor(bucket / SUB) - 1;
  return ((bucket % SUB) + SUB + 1) * 2 ** shift - 1;
}
