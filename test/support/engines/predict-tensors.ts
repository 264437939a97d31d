import { concatRows, rowsIn } from '../../../src/domain/tensor-rows.js';
import type { NamedTensors } from '../../../src/domain/tensor.js';
import type { ModelHandle, PredictOptions } from '../../../src/engines/model-host.js';

/** What a loaded model gives for rows of one shape whose outputs have one shape, as one set of tensors. */
export async function predictTensors(
  model: Pick<ModelHandle, 'predictParts'>,
  inputs: NamedTensors,
  options: PredictOptions,
): Promise<NamedTensors> {
  const parts = await model.predictParts([{ rows: rowsIn(inputs) ?? 1, tensors: inputs }], options);
  return concatRows(parts.map(({ tensors }) => tensors));
}
