import { BODY, NO_FILES, schemaOf } from '../../../test/support/codec-calls.js';
import type { ArrayEncoding } from '../../domain/encode-spec.js';
import type { FieldSchema } from '../../domain/signature.js';
import type { ValidationIssue } from '../../domain/validation-issue.js';
import type { JsonObject } from '../../lib/json/json.js';
import { compileRowValidator } from '../validate/row-validator.js';
import { compileRowEncoder } from './row-encoder.js';

const list: FieldSchema = { type: 'array', items: { type: 'number' } };
const matrix: FieldSchema = { type: 'array', items: list };
const base: ArrayEncoding = { kind: 'array', tensor: 'x', dtype: 'float32', field: 'x', shape: [null] };

function encode(field: FieldSchema, encoding: ArrayEncoding, values: unknown[], canPad = true) {
  const input = schemaOf({ x: field });
  const issues: ValidationIssue[] = [];
  const validator = compileRowValidator(input);
  const rows = values.map((x, i) => validator.validate({ x }, [i], BODY, issues)) as JsonObject[];
  const encoder = compileRowEncoder({ tensors: [encoding] }, input, NO_FILES);
  const { parts, order } = encoder.encodeRows(rows, (i) => [i], issues, { prepared: encoder.prepare(rows), canPad });
  const tensors = parts.map(({ tensors }) => tensors.get('x')!);
  return { shapes: tensors.map(({ shape }) => shape), data: tensors.map(({ data }) => [...data]), order, issues };
}

describe('arrays whose size varies from row to row', () => {
  it('make one part for each size, and remember where the rows were', () => {
    expect(encode(list, base, [[1, 2], [3], [4, 5], []])).toEqual({
      shapes: [
        [2, 2],
        [1, 1],
        [1, 0],
      ],
      data: [[1, 2, 4, 5], [3], []],
      order: [0, 2, 1, 3],
      issues: [],
    });
  });

  it('are filled up at the end of each dimension with pad, which is a value of the tensor', () => {
    const encoding = { ...base, shape: [null, null], subtract: 1, divide: 2, pad: -1 } as const;

    expect(encode(matrix, encoding, [[[3, 5]], [[1], [3]]])).toMatchObject({
      shapes: [[2, 2, 2]],
      data: [[1, 2, -1, -1, 0, -1, 1, -1]],
      order: undefined,
    });
    expect(encode(list, { ...base, dtype: 'int64', pad: 7 }, [[1], [2, 3]]).data).toEqual([[1n, 7n, 2n, 3n]]);
  });

  it('are not filled up beside rows whose tensors agree where their own do not, nor when they are empty', () => {
    const ids = { ...base, dtype: 'int64', tensor: 'ids', field: 'ids', pad: 0 } as const;
    const mask = { ...ids, tensor: 'mask', field: 'mask' } as const;
    const input = schemaOf({ ids: list, mask: list });
    const rows = [
      { ids: [3, 4], mask: [1] },
      { ids: [3, 4, 5], mask: [1, 1, 0] },
      { ids: [6], mask: [1] },
      { ids: [], mask: [] },
    ];
    const encoder = compileRowEncoder({ tensors: [ids, mask] }, input, NO_FILES);
    const { parts, order } = encoder.encodeRows(rows, (i) => [i], [], {
      prepared: encoder.prepare(rows),
      canPad: true,
    });

    expect(parts.map(({ tensors }) => [...tensors.values()].map(({ shape }) => shape))).toEqual([
      [
        [1, 2],
        [1, 1],
      ],
      [
        [2, 3],
        [2, 3],
      ],
      [
        [1, 0],
        [1, 0],
      ],
    ]);
    expect(order).toEqual([0, 1, 2, 3]);
  });

  it('are not filled up where rows must not be, nor beyond reason', () => {
    expect(encode(list, { ...base, pad: 0 }, [[1], [2, 3]], false).shapes).toEqual([
      [1, 1],
      [1, 2],
    ]);
    const long = Array.from({ length: 10_000 }, () => 1);
    const many = Array.from({ length: 1_000 }, () => [1]);
    expect(encode(list, { ...base, pad: 0 }, [long, ...many]).shapes).toEqual([
      [1, 10_000],
      [1_000, 1],
    ]);
  });

  it('are still rectangular, and of the sizes that are fixed', () => {
    const messages = (value: unknown, shape: (number | null)[]) =>
      encode(matrix, { ...base, shape }, [value]).issues.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`);

    expect(messages([[1, 2], [3]], [null, null])).toEqual(['0.x.1: ensure this value has at least 2 items']);
    expect(messages([[1], [2, 3]], [null, null])).toEqual(['0.x.1: ensure this value has at most 1 items']);
    expect(messages([[1, 2, 3]], [null, 2])).toEqual(['0.x.0: ensure this value has at most 2 items']);
  });

  it.each<[string, Partial<ArrayEncoding>]>([
    ['pad does nothing where the shape has no null', { shape: [2], pad: 0 }],
    ['pad 300 does not fit uint8', { dtype: 'uint8', pad: 300 }],
    ['pad 0.5 does not fit int64', { dtype: 'int64', pad: 0.5 }],
  ])('are refused: %s', (message, more) => {
    expect(() => compileRowEncoder({ tensors: [{ ...base, ...more }] }, schemaOf({ x: list }), NO_FILES)).toThrow(
      message,
    );
  });

  it('need a model whose dimension varies, too', () => {
    const encoder = compileRowEncoder({ tensors: [base] }, schemaOf({ x: list }), NO_FILES);

    expect(encoder.describeMismatch([{ name: 'x', dtype: 'float32', shape: [null, null] }])).toEqual([]);
    expect(encoder.describeMismatch([{ name: 'x', dtype: 'float32', shape: [null, 4] }])).toEqual([
      'The input "x" has shape [?, 4] in the model and [?, ?] in encode.',
    ]);
  });
});
