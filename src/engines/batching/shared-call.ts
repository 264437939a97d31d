import { concatRows, sliceRows } from '../../domain/tensor-rows.js';
import type { TensorPart } from '../../domain/tensor-rows.js';
import type { NamedTensors } from '../../domain/tensor.js';
import type { PendingPrediction } from './pending-prediction.js';

/**
 * Whether two predictions may share one call: their tensors can be concatenated by rows and both are in the same retry
 * group. They may want different outputs; each gets its own. One whose rows have different shapes has its own call.
 */
export function canJoin(first: PendingPrediction, other: PendingPrediction): boolean {
  if (first.options.isolated || other.options.isolated) return false;
  if (first.retryGroup !== other.retryGroup || first.options.rowByRow !== other.options.rowByRow) return false;
  if (first.rows === undefined || other.rows === undefined) return false;
  if (first.inputs.length !== 1 || other.inputs.length !== 1) return false;
  return canConcat(first.inputs[0]!.tensors, other.inputs[0]!.tensors);
}

function canConcat(tensors: NamedTensors, others: NamedTensors): boolean {
  if (tensors.size !== others.size) return false;
  for (const [name, { dtype, shape }] of tensors) {
    const counterpart = others.get(name);
    if (!counterpart || counterpart.dtype !== dtype || shape.length === 0) return false;
    if (!hasSameRowShape(shape, counterpart.shape)) return false;
  }
  return true;
}

/** The inputs of one call for all its predictions: those of a single one as they are, of several as a copy. */
export function joinInputs(predictions: readonly PendingPrediction[]): readonly TensorPart[] {
  if (predictions.length === 1) return predictions[0]!.inputs;
  const tensors = concatRows(predictions.map(({ inputs }) => inputs[0]!.tensors));
  return [{ rows: rowsTogether(predictions), tensors }];
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
  outputs: readonly TensorPart[],
  joinedNames: readonly string[],
): void {
  const [single, second] = predictions;
  if (!second) return single!.complete(outputs, single!.rows ?? 1);
  const batchRows = rowsTogether(predictions);
  let start = 0;
  for (const prediction of predictions) {
    const end = start + prediction.rows!;
    if (!prediction.isDone) {
      const { outputNames } = prediction.options;
      const select = (tensors: NamedTensors) =>
        outputNames === joinedNames ? tensors : selectOutputs(tensors, outputNames);
      prediction.complete(ownParts(outputs, start, end, select), batchRows);
    }
    start = end;
  }
}

/** Rows `start` to `end` of one part, or of parts of single rows. */
function ownParts(
  parts: readonly TensorPart[],
  start: number,
  end: number,
  select: (tensors: NamedTensors) => NamedTensors,
): TensorPart[] {
  const [only, second] = parts;
  if (!second && only) return [{ rows: end - start, tensors: sliceRows(select(only.tensors), start, end) }];
  return parts.slice(start, end).map(({ rows, tensors }) => ({ rows, tensors: select(tensors) }));
}

function rowsTogether(predictions: readonly PendingPrediction[]): number {
  return predictions.reduce((sum, { rows }) => sum + rows!, 0);
}

function selectOutputs(outputs: NamedTensors, names: readonly string[]): NamedTensors {
  return new Map(names.map((name) => [name, outputs.get(name)!]));
}

function hasSameRowShape(shape: readonly number[], other: readonly number[]): boolean {
  return shape.length === other.length && shape.every((size, axis) => axis === 0 || size === other[axis]);
}

/** The first half of a list and the second. */
export function splitInHalf<T>(items: readonly T[]): T[][] {
  const half = items.length >> 1;
  return [items.slice(0, half), items.slice(half)];
}
