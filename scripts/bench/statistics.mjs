/** Above this share alternations differ too much for throughput to be trusted: judge by CPU time. */
export const SPREAD_LIMIT = 0.15;

/** The median; NaN of nothing. Values that are no numbers are left out. */
export function median(values) {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return NaN;
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** How far alternations differ: (largest − smallest) / median. */
export function spread(values) {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}

/** The median of `of(measured[a]) / of(measured[b])` over the alternations in which both took part. */
export function medianRatio(alternations, a, b, of) {
  return median(alternations.filter((each) => each[a] && each[b]).map((each) => of(each[a]) / of(each[b])));
}
