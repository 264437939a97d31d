import type { NamedTensors, Tensor } from '../../domain/tensor.js';
import type { EngineModel } from '../inference-engine.js';
import { computeRows } from './compute-rows.js';

describe(computeRows.name, () => {
  /** Answers each call with one output of this shape, of the numbers that it was given. */
  const modelOf = (shapeFor: (rows: number) => number[]) =>
    ({
      predict: (inputs: NamedTensors) => {
        const { dtype, data, shape } = inputs.get('x')!;
        return Promise.resolve(new Map([['y', { dtype, data, shape: shapeFor(shape[0]!) }]]));
      },
    }) as Partial<EngineModel> as EngineModel;
  const x: Tensor = { dtype: 'float32', shape: [3, 1], data: Float32Array.of(5, 6, 7) };
  const compute = async (shapeFor: (rows: number) => number[]) => {
    const options = { outputNames: ['y'], rowByRow: false };
    const [part] = await computeRows(modelOf(shapeFor), [{ rows: 3, tensors: new Map([['x', x]]) }], options);
    return part!.tensors.get('y')!;
  };

  it('takes the rows of an output from its second dimension where the first is 1, as some exporters have labels', async () => {
    expect(await compute((rows) => [1, rows])).toEqual({ ...x, shape: [3] });
  });

  it('refuses outputs of another number of rows', async () => {
    await expect(compute((rows) => [1, rows + 1])).rejects.toThrow('has the shape [1,4] for 3 rows');
    await expect(compute((rows) => [1, rows, 1])).rejects.toThrow('has the shape [1,3,1] for 3 rows');
  });
});
