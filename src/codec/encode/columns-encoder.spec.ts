import { NO_FILES, encodeOne, encodeRows, schemaOf } from '../../../test/support/codec-calls.js';
import type { Column, EncodeSpec, TensorEncoding } from '../../domain/encode-spec.js';
import type { JsonObject } from '../../lib/json/json.js';
import type { FieldSchema } from '../../domain/signature.js';
import type { DType } from '../../domain/tensor.js';
import { compileRowEncoder } from './row-encoder.js';

/** Encodes values of one optional field `x` through one column. */
function column(spec: object, field: FieldSchema, values: readonly unknown[], dtype: DType = 'float32') {
  const encode: EncodeSpec = {
    tensors: [{ kind: 'columns', tensor: 't', dtype, columns: [{ field: 'x', ...spec } as Column] }],
  };
  const encoder = compileRowEncoder(encode, schemaOf({ x: field }, 'missing' in spec ? ['x'] : []), NO_FILES);
  const { tensor, issues } = encodeRows(encoder, values.map((x) => (x === undefined ? {} : { x })) as JsonObject[]);
  return { data: Array.from(tensor.data as Iterable<unknown>), shape: tensor.shape, issues };
}

describe('compileRowEncoder with columns', () => {
  it('puts columns side by side, one row of the tensor per row', () => {
    const encode: EncodeSpec = {
      tensors: [
        {
          kind: 'columns',
          tensor: 'features',
          dtype: 'float32',
          columns: [
            { kind: 'number', field: 'age', subtract: 30, divide: 2 },
            { kind: 'category', field: 'sex', as: 'one-hot', values: ['F', 'M'], unknown: 'error' },
            { kind: 'category', field: 'pclass', as: 'index', values: [1, 2, 3], unknown: 0 },
          ],
        },
      ],
    };
    const input = schemaOf({ age: { type: 'integer' }, sex: { type: 'string' }, pclass: { type: 'integer' } });
    const encoder = compileRowEncoder(encode, input, NO_FILES);

    const { tensor, issues } = encodeRows(encoder, [
      { age: 40, sex: 'M', pclass: 3 },
      { age: 10, sex: 'F', pclass: 9 },
    ]);

    expect(issues).toEqual([]);
    expect(tensor).toEqual({ dtype: 'float32', shape: [2, 4], data: Float32Array.of(5, 0, 1, 2, -10, 1, 0, 0) });
  });

  it('makes a vector for rank 1', () => {
    const encoding: TensorEncoding = {
      kind: 'columns',
      tensor: 't',
      dtype: 'int64',
      rank: 1,
      columns: [{ kind: 'number', field: 'x' }],
    };

    expect(encodeOne(encoding, { type: 'integer' }, 9007199254740993n)).toMatchObject({
      shape: [1],
      data: [9007199254740993n],
    });
  });

  it('keeps the shape for no rows', () => {
    expect(column({ kind: 'number' }, { type: 'number' }, []).shape).toEqual([0, 1]);
  });

  it('replaces a missing number before scaling, null counting as missing', () => {
    const field: FieldSchema = { type: ['number', 'null'] };

    expect(column({ kind: 'number', missing: 10, subtract: 4, divide: 3 }, field, [undefined, null, 7]).data).toEqual([
      2, 2, 1,
    ]);
    expect(column({ kind: 'number', missing: 'nan' }, field, [undefined]).data).toEqual([NaN]);
  });

  it('writes the zeros, the index or the refusal that `unknown` says', () => {
    const field: FieldSchema = { type: 'string' };
    const category = (rule: object, values: unknown[], dtype?: DType) =>
      column({ kind: 'category', values: ['a', 'b'], ...rule }, field, values, dtype);

    expect(category({ as: 'one-hot', unknown: 'zeros' }, ['b', 'z']).data).toEqual([0, 1, 0, 0]);
    expect(category({ as: 'one-hot', unknown: 1 }, ['a', 'z']).data).toEqual([1, 0, 0, 1]);
    expect(category({ as: 'index', unknown: 2 }, ['b', 'z'], 'int64').data).toEqual([1n, 2n]);
    expect(category({ as: 'one-hot', unknown: 'error' }, ['a', 'z']).issues).toEqual([
      {
        loc: ['body', 'inputs', 1, 'x'],
        msg: "value is not a valid enumeration member; permitted: 'a', 'b'",
        type: 'type_error.enum',
        ctx: { enum_values: ['a', 'b'] },
      },
    ]);
  });

  it('fills a missing category with a value, or by the rule for unknown ones', () => {
    const field: FieldSchema = { type: 'string' };
    const spec = { kind: 'category', as: 'one-hot', values: ['a', 'b'], unknown: 'zeros' };

    expect(column({ ...spec, missing: 'b' }, field, [undefined]).data).toEqual([0, 1]);
    expect(column({ ...spec, missing: 'unknown' }, field, [undefined]).data).toEqual([0, 0]);
  });

  it('finds categories by value and by type', () => {
    expect(
      column({ kind: 'category', as: 'index', values: [9, 0.5], unknown: 'error' }, { type: 'number' }, [9.0]).data,
    ).toEqual([0]);
    expect(
      column({ kind: 'category', as: 'index', values: [false, true], unknown: 'error' }, { type: 'boolean' }, [true])
        .data,
    ).toEqual([1]);
  });

  it('encodes booleans as 0 and 1', () => {
    expect(column({ kind: 'boolean', missing: 'nan' }, { type: 'boolean' }, [true, false, undefined]).data).toEqual([
      1,
      0,
      NaN,
    ]);
    expect(column({ kind: 'boolean' }, { type: 'boolean' }, [true, false], 'bool').data).toEqual([1, 0]);
  });

  it.each([
    ['epoch-days', '1970-01-02', 1],
    ['epoch-days', '1969-12-31T23:59:59Z', -1],
    ['epoch-seconds', '1970-01-01T01:00:00+01:00', 0],
    ['epoch-seconds', '1970-01-01T00:00:01.9Z', 1],
    ['year', '0099-06-01', 99],
    ['month', '2021-03-01', 3],
    ['day', '2021-03-31T23:30:00-01:00', 1],
    ['weekday', '2021-03-01', 0],
    ['weekday', '1969-12-28', 6],
    ['hour', '2021-03-01T17:59:59Z', 17],
    ['hour', '2021-03-01', 0],
  ])('takes the %s of %s', (part, text, expected) => {
    expect(column({ kind: 'date', part }, { type: 'string' }, [text], 'int32').data).toEqual([expected]);
  });

  it('reports a text that is no date', () => {
    const { issues } = column({ kind: 'date', part: 'day' }, { type: 'string', format: 'date-time' }, ['soon']);

    expect(issues).toMatchObject([{ type: 'value_error.datetime', loc: ['body', 'inputs', 0, 'x'] }]);
  });

  it('reports a text that the engine would cut at the character U+0000', () => {
    const encode: EncodeSpec = {
      tensors: [{ kind: 'columns', tensor: 't', dtype: 'string', columns: [{ kind: 'string', field: 'text' }] }],
    };
    const encoder = compileRowEncoder(encode, schemaOf({ text: { type: 'string' } }), NO_FILES);

    const { issues } = encodeRows(encoder, [{ text: 'whole' }, { text: 'one\0two' }]);

    expect(issues).toMatchObject([{ type: 'value_error.str.nul', loc: ['body', 'inputs', 1, 'text'] }]);
  });

  it('passes texts through, prepared ones too', () => {
    const encode: EncodeSpec = {
      prepare: [{ name: 'clean', field: 'text', steps: [{ kind: 'trim' }, { kind: 'clean' }] }],
      tensors: [
        {
          kind: 'columns',
          tensor: 't',
          dtype: 'string',
          columns: [
            { kind: 'string', field: 'text', missing: '?' },
            { kind: 'string', field: 'clean', missing: '-' },
          ],
        },
      ],
    };
    const encoder = compileRowEncoder(encode, schemaOf({ text: { type: 'string' } }, ['text']), NO_FILES);
    const rows: JsonObject[] = [{ text: ' The Model! ' }, {}];

    expect(encodeRows(encoder, rows).tensor.data).toEqual([' The Model! ', 'model', '?', '-']);
    expect(encoder.prepare(rows)).toEqual([{ clean: 'model' }, {}]);
  });
});

describe('compileRowEncoder and values that the dtype cannot hold', () => {
  const MAX_FLOAT32 = 3.4028234663852886e38;

  it.each<[DType, FieldSchema['type'], unknown, string, unknown]>([
    ['float32', 'number', 1e300, 'not_le', MAX_FLOAT32],
    ['float32', 'number', -1e300, 'not_ge', -MAX_FLOAT32],
    ['uint8', 'integer', 300, 'not_le', 255],
    ['uint8', 'integer', -1, 'not_ge', 0],
    ['int32', 'integer', 9007199254740993n, 'not_le', 2147483647],
    ['uint64', 'integer', -1, 'not_ge', 0n],
    ['int64', 'number', 1e19, 'not_le', 9223372036854775807n],
    ['bool', 'integer', 2, 'not_le', 1],
  ])('refuses in %s the %s %p', (dtype, type, value, rule, limit) => {
    const { issues } = column({ kind: 'number' }, { type }, [value], dtype);

    expect(issues).toEqual([
      {
        loc: ['body', 'inputs', 0, 'x'],
        msg: `ensure this value is ${rule === 'not_le' ? 'less' : 'greater'} than or equal to ${limit as number}`,
        type: `value_error.number.${rule}`,
        ctx: { limit_value: limit },
      },
    ]);
  });

  it.each<DType>(['int8', 'uint32', 'int64', 'bool'])('refuses a fraction in %s', (dtype) => {
    expect(column({ kind: 'number' }, { type: 'number' }, [0.5], dtype).issues).toMatchObject([
      { msg: 'value is not a valid integer', type: 'type_error.integer' },
    ]);
  });

  it('tells the limit in the unit the client sent', () => {
    const field: FieldSchema = { type: 'number' };

    expect(column({ kind: 'number', subtract: 10, divide: 2 }, field, [1000], 'uint8').issues[0]).toMatchObject({
      type: 'value_error.number.not_le',
      ctx: { limit_value: 520 },
    });
    expect(column({ kind: 'number', divide: -1 }, field, [1], 'uint8').issues[0]).toMatchObject({
      type: 'value_error.number.not_le',
      ctx: { limit_value: 0 },
    });
  });

  it('puts the numbers of a list beside the other columns, scaled', () => {
    const encode: EncodeSpec = {
      tensors: [
        {
          kind: 'columns',
          dtype: 'float32',
          columns: [
            { kind: 'list', field: 'history', size: 3, subtract: 10, divide: 2 },
            { kind: 'number', field: 'hour' },
          ],
        },
      ],
    };
    const history: FieldSchema = { type: 'array', items: { type: 'number' } };
    const encoder = compileRowEncoder(encode, schemaOf({ history, hour: { type: 'integer' } }), NO_FILES);

    const { tensor } = encodeRows(encoder, [{ history: [10, 12, 14], hour: 7 }]);

    expect(tensor).toEqual({ dtype: 'float32', shape: [1, 4], data: Float32Array.of(0, 1, 2, 7) });
    expect(encodeRows(encoder, [{ history: [1, 2], hour: 7 }]).issues).toMatchObject([
      { loc: ['body', 'inputs', 0, 'history'], msg: 'ensure this value has at least 3 items' },
    ]);
    expect(encodeRows(encoder, [{ history: [1, 1e300, 2], hour: 7 }]).issues).toMatchObject([
      { loc: ['body', 'inputs', 0, 'history', 1] },
    ]);
  });

  it('fills an absent list, and numbers that are null, with what stands for a missing one', () => {
    const field: FieldSchema = { type: ['array', 'null'], items: { type: ['number', 'null'] } };

    const { data } = column({ kind: 'list', size: 2, missing: 'nan' }, field, [undefined, null, [1, null]]);

    expect(data).toEqual([NaN, NaN, NaN, NaN, 1, NaN]);
  });

  it('gives a category that is missing or unknown the index of gradient boosting', () => {
    const index = { kind: 'category', as: 'index', values: ['a', 'b'] };
    const field: FieldSchema = { type: ['string', 'null'] };
    const values = [undefined, null, 'b', 'z'];

    expect(column({ ...index, unknown: 'nan', missing: 'nan' }, field, values).data).toEqual([NaN, NaN, 1, NaN]);
    expect(column({ ...index, unknown: -1, missing: -1 }, field, values, 'int32').data).toEqual([-1, -1, 1, -1]);
    expect(column({ ...index, unknown: -1, missing: 'unknown' }, field, values).data).toEqual([-1, -1, 1, -1]);
    expect(column({ ...index, unknown: 'error', missing: 'nan' }, field, values).issues).toMatchObject([
      { type: 'type_error.enum' },
    ]);
  });

  it('takes a missing value that is one of the values for that value', () => {
    const index = { kind: 'category', as: 'index', unknown: 'error' };

    expect(column({ ...index, values: ['nan', 'b'], missing: 'nan' }, { type: 'string' }, [undefined]).data).toEqual([
      0,
    ]);
    expect(column({ ...index, values: [5, -1], missing: -1 }, { type: 'integer' }, [undefined]).data).toEqual([1]);
  });
});
