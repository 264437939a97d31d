import fc from 'fast-check';

import type { DecodeSpec } from '../../domain/decode-spec.js';
import type { OutputFieldSchema, OutputRowSchema } from '../../domain/signature.js';
import { sliceRows } from '../../domain/tensor-rows.js';
import type { NamedTensors, Tensor } from '../../domain/tensor.js';
import type { JsonObject } from '../../lib/json/json.js';
import { stringifyJson } from '../../lib/json/json-text.js';
import { nameOnlyOutput } from './only-output.js';
import { compileRowDecoder } from './row-decoder.js';

const WIDTH = 3;
const NOTHING: ReadonlySet<string> = new Set();
const number: OutputFieldSchema = { type: ['number', 'null'] };
const numbers: OutputFieldSchema = { type: 'array', items: number };
const anything: OutputFieldSchema = {};

const signatureOf = (properties: OutputRowSchema['properties']) =>
  ({ input: { type: 'object', properties: {} }, output: { type: 'object', properties } }) as const;

/** Every kind, with its output fields. */
const KINDS: readonly (readonly [DecodeSpec, OutputRowSchema['properties']])[] = [
  [
    {
      kind: 'binary',
      tensor: 'y',
      positive: 1,
      labels: [0, 1],
      field: 'l',
      probability_field: 'p',
      activation: 'softmax',
    },
    { l: anything, p: number },
  ],
  [
    { kind: 'multi-class', tensor: 'y', labels: ['a', 'b', 'c'], field: 'l', probabilities_field: 'p' },
    { l: anything, p: anything },
  ],
  [
    {
      kind: 'multi-label',
      tensor: 'y',
      labels: ['a', 'b', 'c'],
      threshold: [0.1, 0.5, 0.9],
      activation: 'sigmoid',
      field: 'l',
    },
    { l: anything },
  ],
  [
    { kind: 'regression', tensor: 'y', fields: ['a', 'b', 'c'], multiply: 3 },
    { a: number, b: number, c: number },
  ],
  [
    { kind: 'tensors', fields: { v: 'y', s: 'states' } },
    { v: numbers, s: { type: 'array', items: numbers } },
  ],
  [{ kind: 'top-k', tensor: 'y', labels: ['a', 'b', 'c'], k: 2, field: 't' }, { t: anything }],
  [{ kind: 'embedding', tensor: 'y', normalize: true, field: 'e' }, { e: numbers }],
  [{ kind: 'embedding', tensor: 'states', pooling: 'cls', field: 'e' }, { e: numbers }],
  [{ kind: 'embedding', tensor: 'states', pooling: 'mean', mask: 'mask', normalize: true, field: 'e' }, { e: numbers }],
  [
    { kind: 'interval', tensor: 'y', low: 0, high: 2, field: 'i', value: 1, value_field: 'm' },
    { i: anything, m: number },
  ],
  [
    {
      kind: 'heads',
      heads: [
        { kind: 'top-k', tensor: 'y', labels: [1, 2, 3], k: 1, field: 't' },
        { kind: 'embedding', tensor: 'states', pooling: 'mean', field: 'e' },
      ],
    },
    { e: numbers, t: anything },
  ],
];

const someNumber = fc.oneof(fc.float({ noNaN: true }), fc.constantFrom(NaN, Infinity, -Infinity, 0, 1));

/** Tensors of some rows: a table, the states of tokens, and which of these count. */
const someTensors = fc
  .record({ rows: fc.integer({ min: 1, max: 5 }), tokens: fc.integer({ min: 1, max: 4 }) })
  .chain(({ rows, tokens }) =>
    fc.record({
      rows: fc.constant(rows),
      y: floats([rows, WIDTH]),
      states: floats([rows, tokens, WIDTH]),
      mask: fc
        .array(fc.integer({ min: 0, max: 1 }), { minLength: rows * tokens, maxLength: rows * tokens })
        .map((values): Tensor => ({ dtype: 'int64', shape: [rows, tokens], data: BigInt64Array.from(values, BigInt) })),
    }),
  );

function floats(shape: readonly number[]): fc.Arbitrary<Tensor> {
  const size = shape.reduce((product, one) => product * one, 1);
  return fc
    .array(someNumber, { minLength: size, maxLength: size })
    .map((values) => ({ dtype: 'float32', shape, data: Float32Array.from(values) }));
}

const contextOf = (rows: number, mask: Tensor) => ({
  rows: Array.from({ length: rows }, (): JsonObject => ({})),
  prepared: Array.from({ length: rows }, () => ({})),
  inputs: new Map([['mask', mask]]),
});

const withoutRows = (tensors: NamedTensors): NamedTensors =>
  new Map([...tensors].map(([name, tensor]) => [name, { ...tensor, shape: tensor.shape.slice(1) }]));

describe('every kind of decoding', () => {
  it.each(KINDS)(
    'answers a row as if it were alone, with or without a dimension of rows: $kind',
    (decode, properties) => {
      const decoder = compileRowDecoder(decode, signatureOf(properties));
      fc.assert(
        fc.property(someTensors, ({ rows, y, states, mask }) => {
          const outputs: NamedTensors = new Map([
            ['y', y],
            ['states', states],
          ]);
          const together = decoder.decode(outputs, contextOf(rows, mask), NOTHING);
          expect(decoder.write(outputs, contextOf(rows, mask), NOTHING)).toBe(stringifyJson(together));
          for (let row = 0; row < rows; row++) {
            const own = sliceRows(outputs, row, row + 1);
            const ownMask = sliceRows(new Map([['mask', mask]]), row, row + 1).get('mask')!;
            expect(decoder.decode(own, contextOf(1, ownMask), NOTHING)).toEqual([together[row]]);
            expect(decoder.decode(withoutRows(own), contextOf(1, ownMask), NOTHING)).toEqual([together[row]]);
          }
        }),
        { numRuns: 50 },
      );
    },
  );

  it.each(KINDS)('gives nothing that JSON cannot hold: $kind', (decode, properties) => {
    const decoder = compileRowDecoder(decode, signatureOf(properties));
    fc.assert(
      fc.property(someTensors, ({ rows, y, states, mask }) => {
        const outputs: NamedTensors = new Map([
          ['y', y],
          ['states', states],
        ]);
        const answers = decoder.decode(outputs, contextOf(rows, mask), NOTHING);
        expect(JSON.parse(JSON.stringify(answers, (_, value: unknown) => (Object.is(value, -0) ? 0 : value)))).toEqual(
          JSON.parse(stringifyJson(answers)),
        );
        const flat = JSON.stringify(answers, (_, value: unknown) =>
          typeof value === 'number' && !Number.isFinite(value) ? 'NOT FINITE' : value,
        );
        expect(flat).not.toContain('NOT FINITE');
      }),
      { numRuns: 50 },
    );
  });
});

/** Decodes one row of a table, or of states. */
function decodeOne(decode: DecodeSpec, outputs: Record<string, Tensor>, mask: readonly number[] = []): JsonObject {
  const fields = ['f', 'm'].filter((name) => name === 'f' || ('value_field' in decode && decode.value_field === name));
  const decoder = compileRowDecoder(decode, signatureOf(Object.fromEntries(fields.map((name) => [name, anything]))));
  const maskTensor: Tensor = { dtype: 'float32', shape: [1, mask.length], data: Float32Array.from(mask) };
  return decoder.decode(new Map(Object.entries(outputs)), contextOf(1, maskTensor), NOTHING)[0]!;
}
const row = (...values: number[]): Tensor => ({
  dtype: 'float64',
  shape: [1, values.length],
  data: Float64Array.from(values),
});
const states = (...tokens: number[][]): Tensor => ({
  dtype: 'float64',
  shape: [1, tokens.length, tokens[0]!.length],
  data: Float64Array.from(tokens.flat()),
});

describe('several labels with thresholds of their own', () => {
  it('are given from their own threshold on', () => {
    const decode: DecodeSpec = {
      kind: 'multi-label',
      tensor: 'y',
      labels: ['a', 'b', 'c'],
      threshold: [0.2, 0.5, 0.9],
      field: 'f',
    };
    expect(decodeOne(decode, { y: row(0.2, 0.4, 0.95) })).toEqual({ f: ['a', 'c'] });

    const float32: Tensor = { dtype: 'float32', shape: [1, 3], data: Float32Array.of(0.2, 0.4, 0.9) };
    expect(decodeOne(decode, { y: float32 })).toEqual({ f: ['a', 'c'] });
  });
});

describe('the best labels', () => {
  const decode: DecodeSpec = { kind: 'top-k', tensor: 'y', labels: ['a', 'b', 'c', 'd'], k: 3, field: 'f' };

  it('come highest first, and the first of equals first', () => {
    expect(decodeOne(decode, { y: row(1, 5, 1, -Infinity) })).toEqual({
      f: [
        { label: 'b', score: 5 },
        { label: 'a', score: 1 },
        { label: 'c', score: 1 },
      ],
    });
    expect(decodeOne({ ...decode, k: 1, activation: 'softmax' }, { y: row(0, 1000, 0, 0) })).toEqual({
      f: [{ label: 'b', score: 1 }],
    });
  });

  it('are unknown when a score is NaN', () => {
    expect(decodeOne(decode, { y: row(1, NaN, 2, 3) })).toEqual({ f: null });
  });
});

describe('an embedding', () => {
  it('is the mean of the tokens that count, whatever the others are', () => {
    const decode: DecodeSpec = { kind: 'embedding', tensor: 'y', pooling: 'mean', mask: 'mask', field: 'f' };
    expect(decodeOne(decode, { y: states([1, 2], [3, 6], [NaN, 99]) }, [1, 1, 0])).toEqual({ f: [2, 4] });
    expect(decodeOne(decode, { y: states([1, 2], [3, 6]) }, [0, 0])).toEqual({ f: [0, 0] });
  });

  it('is the mean of all tokens without a mask, and the first with cls', () => {
    const y = states([1, 2], [3, 6]);
    expect(decodeOne({ kind: 'embedding', tensor: 'y', pooling: 'mean', field: 'f' }, { y })).toEqual({ f: [2, 4] });
    expect(decodeOne({ kind: 'embedding', tensor: 'y', pooling: 'cls', field: 'f' }, { y })).toEqual({ f: [1, 2] });
  });

  it('has the length 1 when it is normalized, unless it is zero', () => {
    const decode: DecodeSpec = { kind: 'embedding', tensor: 'y', normalize: true, field: 'f' };
    expect(decodeOne(decode, { y: row(3, 4) })).toEqual({ f: [0.6, 0.8] });
    expect(decodeOne(decode, { y: row(0, 0) })).toEqual({ f: [0, 0] });
  });

  it.each<[string, DecodeSpec, Record<string, Tensor>, number[]]>([
    [
      'The mask "mask" has shape [1, 1] for 1 rows of 2 tokens.',
      { kind: 'embedding', tensor: 'y', pooling: 'mean', mask: 'mask', field: 'f' },
      { y: states([1], [2]) },
      [1],
    ],
    [
      'The output "y" has shape [1, 2, 1] for 1 rows.',
      { kind: 'embedding', tensor: 'y', field: 'f' },
      { y: states([1], [2]) },
      [],
    ],
    [
      'The output "y" holds texts where numbers are decoded.',
      { kind: 'embedding', tensor: 'y', field: 'f' },
      { y: { dtype: 'string', shape: [1, 1], data: ['a'] } },
      [],
    ],
    [
      'The output "y" has 2 columns where decode reads column 5.',
      { kind: 'interval', tensor: 'y', low: 0, high: 5, field: 'f' },
      { y: row(1, 2) },
      [],
    ],
    [
      'The output "z" has 2 columns where decode reads column 0.',
      { kind: 'interval', tensor: 'y', low: 0, high: 'z', field: 'f' },
      { y: row(1, 2), z: row(1, 2) },
      [],
    ],
  ])(
    'or an interval is a failed prediction where tensors are not what decode says: %s',
    (cause, decode, outputs, mask) => {
      let found: unknown;
      try {
        decodeOne(decode, outputs, mask);
      } catch (error) {
        found = error;
      }
      expect(found).toMatchObject({ code: 'PREDICTION_FAILED', cause: { message: cause } });
    },
  );
});

describe('an interval', () => {
  it('is an object of two numbers, from columns or from tensors of their own', () => {
    const decode: DecodeSpec = {
      kind: 'interval',
      tensor: 'y',
      low: 0,
      high: 2,
      value: 1,
      value_field: 'm',
      multiply: 10,
      add: 1,
      field: 'f',
    };
    expect(decodeOne(decode, { y: row(1, 2, 3) })).toEqual({ f: { low: 11, high: 31 }, m: 21 });
    const apart: DecodeSpec = { kind: 'interval', low: 'a', high: 'b', field: 'f' };
    expect(decodeOne(apart, { a: row(1), b: row(NaN) })).toEqual({ f: { low: 1, high: null } });
  });
});

describe('a decode that contradicts itself', () => {
  it.each<[string, DecodeSpec]>([
    [
      '/decode/threshold: there are 2 thresholds for 3 labels',
      { kind: 'multi-label', tensor: 'y', labels: ['a', 'b', 'c'], threshold: [0.5, 0.5], field: 'f' },
    ],
    ['/decode/k: there are only 2 labels', { kind: 'top-k', tensor: 'y', labels: ['a', 'b'], k: 3, field: 'f' }],
    ['/decode/labels: "1" is there twice', { kind: 'top-k', tensor: 'y', labels: [1, '1'], k: 1, field: 'f' }],
    [
      '/decode/mask: does nothing unless pooling is mean',
      { kind: 'embedding', tensor: 'y', pooling: 'cls', mask: 'm', field: 'f' },
    ],
    [
      '/decode/value: value and value_field need each other',
      { kind: 'interval', tensor: 'y', low: 0, high: 1, value: 2, field: 'f' },
    ],
    [
      '/decode/heads/1/k: there are only 2 labels',
      {
        kind: 'heads',
        heads: [
          { kind: 'regression', tensor: 'y', fields: ['g'] },
          { kind: 'top-k', tensor: 'y', labels: ['a', 'b'], k: 3, field: 'f' },
        ],
      },
    ],
    [
      '/decode: "f" is there twice',
      {
        kind: 'heads',
        heads: [
          { kind: 'regression', tensor: 'y', fields: ['f'] },
          { kind: 'embedding', tensor: 'y', field: 'f' },
        ],
      },
    ],
  ])('is refused: %s', (message, decode) => {
    expect(() => compileRowDecoder(decode, signatureOf({ f: anything }))).toThrow(message);
  });
});

describe('a decode that leaves out the tensor', () => {
  const one = [{ name: 'only', dtype: 'float32', shape: [null, 2] }] as const;
  const two = [...one, { name: 'other', dtype: 'float32', shape: null }] as const;
  const regression: DecodeSpec = { kind: 'regression', fields: ['f'] };

  it('reads the one output of the model', () => {
    expect(nameOnlyOutput(regression, one)).toEqual({ ...regression, tensor: 'only' });
    expect(nameOnlyOutput({ kind: 'heads', heads: [regression], primary: ['f'] }, one)).toEqual({
      kind: 'heads',
      heads: [{ ...regression, tensor: 'only' }],
      primary: ['f'],
    });
    const apart: DecodeSpec = { kind: 'interval', low: 'a', high: 'b', field: 'f' };
    expect(nameOnlyOutput(apart, two)).toEqual(apart);
    const named: DecodeSpec = { kind: 'tensors', fields: { f: 'y' } };
    expect(nameOnlyOutput(named, two)).toEqual(named);
  });

  it('is refused where the model has several', () => {
    expect(() => nameOnlyOutput(regression, two)).toThrow(
      '/decode/tensor: is needed, because the model has not one output: its outputs are "only", "other".',
    );
  });
});
