/** 1 / (1 + e^-x), without overflow for large negative numbers. */
export function sigmoid(value: number): number {
  if (value >= 0) return 1 / (1 + Math.exp(-value));
  const exp = Math.exp(value);
  return exp / (1 + exp);
}

/**
 * Probabilities that sum to 1, in the order given. The largest value is subtracted first, so that no power overflows.
 * All are NaN when one value is NaN or the largest is infinite.
 */
export function softmax(values: readonly number[]): number[] {
  let max = -Infinity;
  for (const value of values) max = value > max ? value : max;
  const weights = values.map((value) => Math.exp(value - max));
  let sum = 0;
  for (const exp of weights) sum += exp;
  return weights.map((exp) => exp / sum);
}

/** Index of the largest value, the first of equals; -1 when there is none or one of them is NaN. */
export function argmax(values: readonly number[]): number {
  let best = -1;
  let max = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) return -1;
    if (best < 0 || value > max) {
      best = i;
      max = value;
    }
  }
  return best;
}

/** A number as JSON can hold it: null for NaN and the infinities. */
export function numberOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
