import { concatRows, sliceRows } from '../../domain/tensor-rows.js';
import type { NamedTensors } from '../../domain/tensor.js';
import type { PendingPrediction } from './pending-prediction.js';

/**
 * Whether two predictions may share one call: their tensors can be concatenated by rows and both are in the same retry
 * group. They may want different outputs; each gets its own.
 */
export function canJoin(first: PendingPrediction, other: PendingPrediction): boolean {
  if (first.options.isolated || other.options.isolated) return false;
  if (first.retryGroup !== other.retryGroup || first.options.rowByRow !== other.options.rowByRow) return false;
  if (first.rows === undefined || other.rows === undefined || first.inputs.size !== other.inputs.size) return false;
  for (const [name, { dtype, shape }] of first.inputs) {
    const counterpart = other.inputs.get(name);
    if (!counterpart || counterpart.dtype !== dtype || shape.length === 0) return false;
    if (!hasSameRowShape(shape, counterpart.shape)) return false;
  }
  return true;
}

/** The inputs of one call for all its predictions: those of a single one as they are, of several as a copy. */
export function joinInputs(predictions: readonly PendingPrediction[]): NamedTensors {
  return concatRows(predictions.map(({ inputs }) => inputs));
}

/** Outputs that any of the predictions asked for. */
export function joinOutputNames(predictions: readonly PendingPrediction[]): readonly string[] {
  const first = predictions[0]!.options.outputNames;
  if (predictions.every(({ options }) => options.outputNames === first)) return first;
  return [...new Set(predictions.flatMap(({ options }) => options.outputNames))];
}

/**
 * Gives each prediction its rows of what one call computed, and of those the outputs it asked for.
 *
 * @param joinedNames  what the call gave, from `joinOutputNames`.
 */
export function shareOutputs(
  predictions: readonly PendingPrediction[],
  outputs: NamedTensors,
  joinedNames: readonly string[],
): void {
  const [single, second] = predictions;
  if (!second) return single!.complete(outputs, single!.rows ?? 1);
  const batchRows = predictions.reduce((sum, { rows }) => sum + rows!, 0);
  let start = 0;
  for (const prediction of predictions) {
    const end = start + prediction.rows!;
    if (!prediction.isDone) {
      const { outputNames } = prediction.options;
      const own = outputNames === joinedNames ? outputs : selectOutputs(outputs, outputNames);
      prediction.complete(sliceRows(own, start, end), batchRows);
    }
    start = end;
  }
}

function selectOutputs(outputs: NamedTensors, names: readonly string[]): NamedTensors {
  return new Map(names.map((name) => [name, outputs.get(name)!]));
}

function hasSameRowShape(shape: readonly number[], other: readonly number[]): boolean {
  return shape.length === other.length && shape.every((size, axis) => axis === 0 || size === other[axis]);
}
