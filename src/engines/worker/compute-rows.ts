import { rowsIn, sliceRows } from '../../domain/tensor-rows.js';
import type { TensorPart } from '../../domain/tensor-rows.js';
import type { NamedTensors, Tensor } from '../../domain/tensor.js';
import type { EngineModel } from '../inference-engine.js';

/** How the rows of a call are computed. */
export interface RowsOptions {
  readonly outputNames: readonly string[];
  /** Gives the engine one row at a time, for models whose rows would change each other's answers. */
  readonly rowByRow: boolean;
}

/**
 * Computes a call and makes sure that each row sent has its row in every output. What a single row gives may have any
 * shape, which the decoder understands or refuses.
 *
 * @param inputs  one part per shape of rows.
 * @returns the outputs of all rows in order, in as few parts as rows were computed together.
 * @throws Error when a number of rows is not what it has to be, or the model throws.
 */
export async function computeRows(
  model: EngineModel,
  inputs: readonly TensorPart[],
  { outputNames, rowByRow }: RowsOptions,
): Promise<TensorPart[]> {
  const parts: TensorPart[] = [];
  for (const { tensors } of inputs) {
    const rows = rowsIn(tensors);
    if (rows === undefined) throw new Error('the inputs do not have the same number of rows');
    if (!rowByRow || rows <= 1) parts.push(await computePart(model, tensors, rows, outputNames));
    else {
      for (let row = 0; row < rows; row += 1)
        parts.push(await computePart(model, sliceRows(tensors, row, row + 1), 1, outputNames));
    }
  }
  return parts;
}

async function computePart(
  model: EngineModel,
  inputs: NamedTensors,
  rows: number,
  outputNames: readonly string[],
): Promise<TensorPart> {
  const given = await model.predict(inputs, outputNames);
  if (rows === 1) return { rows, tensors: given };
  const tensors = withRowsFirst(given, rows);
  requireRows(tensors, outputNames, rows);
  return { rows, tensors };
}

/** Outputs of [1, rows] as [rows]: skl2onnx gives the labels of some classifiers so (QuadraticDiscriminantAnalysis). */
function withRowsFirst(tensors: NamedTensors, rows: number): NamedTensors {
  const isTurned = ({ shape }: Tensor) => shape.length === 2 && shape[0] === 1 && shape[1] === rows;
  if (![...tensors.values()].some(isTurned)) return tensors;
  return new Map([...tensors].map(([name, one]) => [name, isTurned(one) ? { ...one, shape: [rows] } : one]));
}

function requireRows(outputs: NamedTensors, names: readonly string[], rows: number): void {
  for (const name of names) {
    const shape = outputs.get(name)?.shape;
    if (shape?.[0] !== rows) {
      throw new Error(`the output "${name}" has the shape [${shape?.join() ?? ''}] for ${rows} rows of input`);
    }
  }
}
