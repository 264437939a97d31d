import { concatRows, rowsIn, sliceRows } from '../../domain/tensor-rows.js';
import type { NamedTensors } from '../../domain/tensor.js';
import type { EngineModel } from '../inference-engine.js';

/**
 * Computes a call and makes sure that each row sent has its row in every output.
 *
 * @param rowByRow  gives the engine one row at a time, for models whose rows would change each other's answers.
 * @throws Error when a number of rows is not what it has to be, or the model throws.
 */
export async function computeRows(
  model: EngineModel,
  inputs: NamedTensors,
  outputNames: readonly string[],
  rowByRow: boolean,
): Promise<NamedTensors> {
  const rows = rowsIn(inputs);
  if (rows === undefined) throw new Error('the inputs do not have the same number of rows');
  if (!rowByRow || rows <= 1) return requireRows(await model.predict(inputs, outputNames), outputNames, rows);
  const parts: NamedTensors[] = [];
  for (let row = 0; row < rows; row += 1) {
    const outputs = await model.predict(sliceRows(inputs, row, row + 1), outputNames);
    parts.push(requireRows(outputs, outputNames, 1));
  }
  return concatRows(parts);
}

function requireRows(outputs: NamedTensors, names: readonly string[], rows: number): NamedTensors {
  for (const name of names) {
    const shape = outputs.get(name)?.shape;
    if (shape?.[0] !== rows) {
      throw new Error(`the output "${name}" has the shape [${shape?.join() ?? ''}] for ${rows} rows of input`);
    }
  }
  return outputs;
}
