import type { PendingPrediction } from '../batching/pending-prediction.js';
import type { WorkerPoolOptions } from './pool-options.js';

/** A shared call is not hung before it has taken this many times the mean call. */
const MEAN_CALL_FACTOR = 4;
/** A shared call is not hung before it has taken this long, even when its callers have shorter limits. */
const MIN_SHARED_MS = 1_000;
/** Timers may fire this much before their time by `performance.now()`. */
export const TIMER_TOLERANCE_MS = 2;

/**
 * Time until a call that begins now counts as hung, milliseconds. Alone: the longer of the caller's deadline and
 * `callTimeoutMs`, plus grace. Batched: half the time the longest deadline has left, at least a second (or half of
 * `callTimeoutMs`) and four times the mean call, so that members can be retried alone before they time out.
 */
export function hangTimeoutMs(
  call: readonly PendingPrediction[],
  meanCallMs: number,
  { callTimeoutMs = 0, hangGraceMs }: Pick<WorkerPoolOptions, 'callTimeoutMs' | 'hangGraceMs'>,
): number {
  const now = performance.now();
  const { retryGroup } = call[0]!;
  let leftMs = 0;
  for (const { deadline } of call) leftMs = Math.max(leftMs, deadline - now);
  if (call.length > 1 || retryGroup) {
    const leastMs = retryGroup ? hangGraceMs : Math.max(hangGraceMs, Math.min(callTimeoutMs / 2, MIN_SHARED_MS));
    return Math.max(leftMs / 2, leastMs, MEAN_CALL_FACTOR * meanCallMs);
  }
  // Timers round down: a lone caller's deadline is over before its thread counts as hung.
  return Math.ceil(Math.max(leftMs, callTimeoutMs)) + hangGraceMs + TIMER_TOLERANCE_MS;
}
