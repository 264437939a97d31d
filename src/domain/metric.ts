import type { MetricGoal } from './card.js';

/**
 * Orders two values of a metric, the better one first; NaN comes after every number.
 *
 * @returns negative when `a` is better, positive when `b` is, 0 when neither.
 */
export function compareMetric(a: number, b: number, goal: MetricGoal): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  if (a === b) return 0;
  return (goal === 'maximize' ? a > b : a < b) ? -1 : 1;
}
