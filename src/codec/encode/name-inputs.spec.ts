import type { ArrayEncoding, EncodeSpec } from '../../domain/encode-spec.js';
import type { TensorSpec } from '../../domain/tensor.js';
import { nameInputs } from './name-inputs.js';

const array: ArrayEncoding = { kind: 'array', dtype: 'float32', field: 'x', shape: [2] };
const encode: EncodeSpec = { tensors: [array] };
const input = (name: string): TensorSpec => ({ name, dtype: null, shape: null });

describe('nameInputs', () => {
  it("gives the one tensor of a run the name of the model's one input", () => {
    expect(nameInputs(encode, [input('linear_1')]).tensors).toEqual([{ ...array, tensor: 'linear_1' }]);
  });

  it('leaves a run alone that names its tensors', () => {
    const named: EncodeSpec = { tensors: [{ ...array, tensor: 'x' }] };

    expect(nameInputs(named, [input('y')])).toBe(named);
  });

  it('refuses to choose among several inputs', () => {
    expect(() => nameInputs(encode, [input('a'), input('b.1')])).toThrow(
      '/encode/tensors/0: names no tensor, and the model has several inputs: "a", "b.1".',
    );
  });
});
