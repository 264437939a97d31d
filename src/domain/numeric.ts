/** 1 / (1 + e^-x), without overflow for large negative numbers. */
export function sigmoid(value: number): number {
  if (value >= 0) return 1 / (1 + Math.exp(-value));
  const power = Math.exp(value);
  return power / (1 + power);
}

/**
 * Probabilities that sum to 1, in the order given. The largest value is subtracted first, so that no power overflows.
 * All are NaN when one value is NaN or the largest is infinite.
 */
export function softmax(values: readonly number[]): number[] {
  let largest = -Infinity;
  for (const value of values) largest = value > largest ? value : largest;
  const powers = values.map((value) => Math.exp(value - largest));
  let sum = 0;
  for (const power of powers) sum += power;
  return powers.map((power) => power / sum);
}

/** Index of the largest value, the first of equals; -1 when there is none or one of them is NaN. */
export function argmax(values: readonly number[]): number {
  let best = -1;
  let largest = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) return -1;
    if (best < 0 || value > largest) {
      best = i;
      largest = value;
    }
  }
  return best;
}

/** A number as JSON can hold it: null for NaN and the infinities. */
export function numberOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
