import fc from 'fast-check';

import { encodeOne } from '../../../test/support/codec-calls.js';
import type { TensorEncoding } from '../../domain/encode-spec.js';
import type { FieldSchema } from '../../domain/signature.js';
import { MAX_PROBLEMS } from '../validate/issues.js';

describe('compileRowEncoder with an array', () => {
  const numbers: FieldSchema = { type: 'array', items: { type: 'array', items: { type: 'number' } } };
  const encoding: TensorEncoding = { kind: 'array', tensor: 't', dtype: 'float32', field: 'x', shape: [2, 3] };

  it('lays nested numbers out in row-major order, scaled', () => {
    const { data, shape } = encodeOne({ ...encoding, subtract: 1, divide: 2 }, numbers, [
      [1, 3, 5],
      [7, 9, 11],
    ]);

    expect(data).toEqual([0, 1, 2, 3, 4, 5]);
    expect(shape).toEqual([1, 2, 3]);
  });

  it('names the place of a wrong length', () => {
    expect(
      encodeOne(encoding, numbers, [
        [1, 2, 3],
        [1, 2],
      ]).issues,
    ).toEqual([
      {
        loc: ['body', 'inputs', 0, 'x', 1],
        msg: 'ensure this value has at least 3 items',
        type: 'value_error.list.min_items',
        ctx: { limit_value: 3 },
      },
    ]);
    expect(encodeOne(encoding, numbers, [[], [], []]).issues).toMatchObject([
      { loc: ['body', 'inputs', 0, 'x'], msg: 'ensure this value has at most 2 items' },
    ]);
  });

  it('names the place of a number that does not fit', () => {
    expect(
      encodeOne({ ...encoding, dtype: 'uint8' }, numbers, [
        [0, 255, 256],
        [0, 0.5, 0],
      ]).issues,
    ).toMatchObject([
      { loc: ['body', 'inputs', 0, 'x', 0, 2], ctx: { limit_value: 255 } },
      { loc: ['body', 'inputs', 0, 'x', 1, 1], type: 'type_error.integer' },
    ]);
  });

  it('reports no more than MAX_PROBLEMS', () => {
    const wide: TensorEncoding = { ...encoding, dtype: 'uint8', shape: [1, 1000] };

    expect(encodeOne(wide, numbers, [new Array(1000).fill(-1)]).issues).toHaveLength(MAX_PROBLEMS);
  });

  it('takes a field that nests otherwise, as long as it holds as many numbers', () => {
    const flat: FieldSchema = { type: 'array', items: { type: 'number' } };
    const sized: FieldSchema = {
      type: 'array',
      minItems: 3,
      maxItems: 3,
      items: { type: 'array', minItems: 2, maxItems: 2, items: { type: 'number' } },
    };
    const of = (shape: number[], field: FieldSchema, value: unknown) => encodeOne({ ...encoding, shape }, field, value);
    const square = [
      [1, 2],
      [3, 4],
    ];

    expect(of([1, 2, 2], numbers, square)).toEqual({ data: [1, 2, 3, 4], shape: [1, 1, 2, 2], issues: [] });
    expect(of([1, 2, 2], flat, [1, 2, 3, 4])).toMatchObject({ data: [1, 2, 3, 4], issues: [] });
    expect(of([6], sized, [...square, [5, 6]])).toEqual({ data: [1, 2, 3, 4, 5, 6], shape: [1, 6], issues: [] });
    expect(of([2, 3], sized, [...square, [5, 6]])).toMatchObject({ data: [1, 2, 3, 4, 5, 6], issues: [] });
    expect(of([1, 2, 2], flat, [1, 2, 3]).issues).toMatchObject([{ ctx: { limit_value: 4 } }]);
  });

  it.each(['hwc→chw', 'hwc->chw'])('puts the axes of a field in the order of the layout %s', (layout) => {
    const pixels: FieldSchema = { type: 'array', items: numbers };
    const ofLayout: TensorEncoding = { ...encoding, shape: [3, 2, 1], layout };

    const image = [[[1, 10, 100]], [[2, 20, 200]]];

    expect(encodeOne(ofLayout, pixels, image)).toEqual({
      data: [1, 2, 10, 20, 100, 200],
      shape: [1, 3, 2, 1],
      issues: [],
    });
    expect(encodeOne(ofLayout, numbers.items!, image.flat(2))).toMatchObject({ data: [1, 2, 10, 20, 100, 200] });
    expect(encodeOne(ofLayout, pixels, [[[1, 10]], [[2, 20, 200]]]).issues).toMatchObject([
      { loc: ['body', 'inputs', 0, 'x', 0, 0], ctx: { limit_value: 3 } },
    ]);
  });

  it('gives every number of an array one place, whatever the layout', () => {
    const letters = ['a', 'b', 'c', 'd'];
    const cases = fc
      .array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 })
      .chain((sizes) =>
        fc.tuple(fc.constant(sizes), fc.shuffledSubarray(letters.slice(0, sizes.length), { minLength: sizes.length })),
      );

    fc.assert(
      fc.property(cases, ([sizes, order]) => {
        const from = letters.slice(0, sizes.length);
        const shape = order.map((letter) => sizes[from.indexOf(letter)]!);
        const count = sizes.reduce((product, size) => product * size, 1);
        const flat = Array.from({ length: count }, (_, i) => i);
        const there: TensorEncoding = {
          ...encoding,
          dtype: 'int32',
          shape,
          layout: `${from.join('')}→${order.join('')}`,
        };
        const back: TensorEncoding = { ...there, shape: sizes, layout: `${order.join('')}→${from.join('')}` };

        const moved = encodeOne(there, numbers.items!, flat).data;

        expect(encodeOne(back, numbers.items!, moved).data).toEqual(flat);
        expect([...(moved as number[])].sort((a, b) => a - b)).toEqual(flat);
      }),
    );
  });

  it('takes booleans', () => {
    const field: FieldSchema = { type: 'array', items: { type: 'boolean' } };

    expect(encodeOne({ ...encoding, dtype: 'bool', shape: [2] }, field, [true, false]).data).toEqual([1, 0]);
  });
});
