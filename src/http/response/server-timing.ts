import type { PredictionTiming } from '../../domain/prediction-timing.js';

/**
 * `Server-Timing` of a prediction (W3C Server Timing): durations in milliseconds; `batch` says how many rows shared the
 * call of the model.
 */
export function serverTiming(timing: PredictionTiming): string {
  const { parseMs, validateMs, waitMs, batchRows, inferMs, serializeMs } = timing;
  return (
    `parse;dur=${short(parseMs)}, validate;dur=${short(validateMs)}, queue;dur=${short(waitMs)}, ` +
    `batch;desc="${batchRows}", infer;dur=${short(inferMs)}, serialise;dur=${short(serializeMs)}`
  );
}

/** Rounds milliseconds to microseconds, the precision of the measurement. */
function short(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
