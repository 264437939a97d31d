import { compareOutput } from '../../codec/examples-match.js';
import type { OutputComparison } from '../../codec/examples-match.js';
import type { JsonObject } from '../../lib/json/json.js';
import type { TensorSpec } from '../../domain/tensor.js';
import { RunError } from '../../domain/verdict.js';
import type { ModelInfo } from '../../engines/inference-engine.js';

/** Maximum number of examples used to check that rows may share a call. */
export const MAX_CHECKED_ROWS = 32;

/** Why a run's rows are computed one by one; sentences of the run's detail. */
export const ONE_ROW_PER_CALL = 'The model takes one row per call: rows are computed one after the other.';
export const ROWS_DEPENDENT =
  'The model answers rows in a batch differently than alone: each row is computed in its own call.';
export const ROWS_FAIL_BATCHED = 'The model cannot compute a batch of rows: each row is computed in its own call.';

const OF_LABELS =
  ' skl2onnx gives the probabilities of several labels as [labels, rows, classes]: leave them out of the outputs that are read ' +
  '(MLflow: a signature whose outputs are the labels, infer_signature(X, pd.DataFrame({"label": model.predict(X).tolist()}))), ' +
  'or turn them in the graph (Transpose, perm=[1, 0, 2]).';

/**
 * Whether a model takes one row per call by its own declaration.
 *
 * @param hasRows  whether the first dimension of an output holds rows that the run reads.
 * @throws RunError SIGNATURE_MISMATCH when it takes another fixed number of rows: such a model would have to be fed
 *   with invented rows.
 */
export function acceptsOneRow({ inputs, outputs }: ModelInfo, hasRows: (output: TensorSpec) => boolean): boolean {
  const read = outputs.filter(hasRows);
  // Converters declare one row for an output that has as many as the input (LightGBM's label): trying tells.
  const isVarying = inputs.length > 0 && inputs.every(({ shape }) => shape?.[0] === null);
  const trusted = isVarying ? read.filter(({ shape }) => shape?.[0] !== 1) : read;
  const fixed = [...inputs, ...trusted].filter(({ shape }) => typeof shape?.[0] === 'number');
  const other = fixed.find(({ shape }) => shape![0] !== 1);
  if (!other) return fixed.length > 0;
  const message =
    `The tensor "${other.name}" has a fixed number of ${other.shape![0]} rows; ` +
    'export the model with a first dimension that varies, or is 1.' +
    (other.shape!.includes(null)
      ? ` Its rows may be in another dimension: the first has to be theirs (batch_first=True).${inputs.includes(other) ? '' : OF_LABELS}`
      : '');
  throw new RunError('SIGNATURE_MISMATCH', message);
}

/**
 * Order in which `count` examples are computed together: shuffled so that none keeps its position, and the same at
 * every start. A single example is computed twice in one batch.
 */
export function checkOrder(count: number): number[] {
  if (count === 1) return [0, 0];
  const order = Array.from({ length: count }, (_, i) => i);
  let seed = 1;
  // Sattolo's shuffle: one cycle through all positions.
  for (let i = count - 1; i > 0; i -= 1) {
    seed = (seed * 48271) % 0x7fffffff;
    const j = seed % i;
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/**
 * Whether rows computed in a batch got the same outputs as alone.
 *
 * @param batched  outputs of the examples in `order`.
 * @param single  outputs of the examples one by one, in their own order.
 */
export function outputsMatch(
  batched: readonly JsonObject[],
  single: readonly JsonObject[],
  order: readonly number[],
  comparison: OutputComparison,
): boolean {
  return order.every((example, i) => !compareOutput(batched[i]!, single[example]!, comparison));
}
