import fc from 'fast-check';

import { concatRows, rowBytesIn, sliceRows } from './tensor-rows.js';
import type { NamedTensors, Tensor } from './tensor.js';

function named(tensors: Readonly<Record<string, Tensor>>): NamedTensors {
  return new Map(Object.entries(tensors));
}

function features(...rows: number[][]): Tensor {
  return { dtype: 'float32', shape: [rows.length, 2], data: Float32Array.from(rows.flat()) };
}

describe('concatRows', () => {
  it('joins every tensor on axis 0, in the order of the parts', () => {
    const one = named({ x: features([1, 2]), name: { dtype: 'string', shape: [1], data: ['a'] } });
    const two = named({ x: features([3, 4], [5, 6]), name: { dtype: 'string', shape: [2], data: ['b', 'c'] } });

    const joined = concatRows([one, two]);

    expect(joined.get('x')).toEqual(features([1, 2], [3, 4], [5, 6]));
    expect(joined.get('name')).toEqual({ dtype: 'string', shape: [3], data: ['a', 'b', 'c'] });
  });

  it('keeps the digits of int64', () => {
    const part = named({ id: { dtype: 'int64', shape: [1], data: BigInt64Array.of(9007199254740993n) } });

    expect(concatRows([part, part]).get('id')?.data).toEqual(BigInt64Array.of(9007199254740993n, 9007199254740993n));
  });

  it('refuses parts that hold other tensors, dtypes or trailing shapes', () => {
    const part = named({ x: features([1, 2]) });
    const wider = named({ x: { dtype: 'float32', shape: [1, 3], data: new Float32Array(3) } });
    const other = named({ x: { dtype: 'float64', shape: [1, 2], data: new Float64Array(2) } });
    const more = named({ x: features([1, 2]), y: features([1, 2]) });

    for (const wrong of [wider, other, more, named({}), named({ y: features([1, 2]) })]) {
      expect(() => concatRows([part, wrong])).toThrow('internal error');
    }
    expect(() => concatRows([])).toThrow('internal error');
  });
});

describe('sliceRows', () => {
  it('gives copies that share no memory with the batch', () => {
    const batch = features([1, 2], [3, 4]);

    const slice = sliceRows(named({ x: batch }), 1, 2).get('x')!;
    batch.data[2] = 99;

    expect(slice).toEqual(features([3, 4]));
  });

  it('undoes concatRows', () => {
    const part = fc.array(fc.tuple(fc.float({ noNaN: true }), fc.float({ noNaN: true })), { maxLength: 5 });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const tensors = parts.map((rows) => named({ x: features(...rows) }));
        const joined = concatRows(tensors);

        let start = 0;
        for (const [i, rows] of parts.entries()) {
          expect(sliceRows(joined, start, start + rows.length)).toEqual(tensors[i]);
          start += rows.length;
        }
      }),
    );
  });
});

describe('rowBytesIn', () => {
  it('adds up the numbers of a row, and takes each text for as long as the longest', () => {
    const texts: Tensor = { dtype: 'string', shape: [2, 2], data: ['a', 'bcd', '', 'e'] };

    expect(rowBytesIn(named({ x: features([1, 2], [3, 4]) }))).toBe(8);
    expect(rowBytesIn(named({ x: features([1, 2], [3, 4]), texts }))).toBe(8 + 2 * 3);
    expect(rowBytesIn(named({ x: features() }))).toBe(0);
    expect(rowBytesIn(named({ scale: { dtype: 'float32', shape: [], data: Float32Array.of(1) } }))).toBe(4);
  });
});
