import { floatRows } from '../../../test/contracts/inference-engine.contract.js';
import type { TensorPart } from '../../domain/tensor-rows.js';
import { cutInputs } from './cut-inputs.js';

const part = (values: readonly number[]): TensorPart => ({
  rows: values.length,
  tensors: new Map([['x', floatRows(values.map((value) => [value]))]]),
});
const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);
const valuesOf = (parts: readonly TensorPart[]): number[][] =>
  parts.map(({ tensors }) => [...(tensors.get('x')!.data as Float32Array)]);

describe(cutInputs.name, () => {
  it('leaves a request alone that fits in one call', () => {
    expect(cutInputs([part(numbers(8))], 8)).toBeUndefined();
    expect(cutInputs([part(numbers(4)), part(numbers(4))], 8)).toBeUndefined();
  });

  it('cuts rows of one shape into calls of nearly equal size, in order', () => {
    const pieces = cutInputs([part(numbers(9))], 8)!;

    expect(pieces.map(({ rows }) => rows)).toEqual([5, 4]);
    expect(pieces.map((piece) => valuesOf(piece.take()))).toEqual([[numbers(5)], [numbers(4, 5)]]);
  });

  it('computes parts together as long as they fit, and cuts those that are too large alone', () => {
    const parts = [part(numbers(3)), part(numbers(4, 3)), part(numbers(10, 7)), part(numbers(1, 17))];
    const pieces = cutInputs(parts, 8)!;

    expect(pieces.map(({ rows }) => rows)).toEqual([7, 5, 5, 1]);
    expect(pieces.flatMap((piece) => valuesOf(piece.take()).flat())).toEqual(numbers(18));
  });

  it('gives every row a call of its own where no more are allowed', () => {
    expect(cutInputs([part(numbers(3))], 1)!.map(({ rows }) => rows)).toEqual([1, 1, 1]);
  });

  it('leaves alone what no call can take: tensors that disagree on the rows', () => {
    const tensors = new Map([...part(numbers(9)).tensors, ['y', floatRows([[1]])]] as const);

    expect(cutInputs([{ rows: 9, tensors }], 4)).toBeUndefined();
  });
});
