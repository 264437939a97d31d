import type { DecodeSpec } from '../../domain/decode-spec.js';
import type { JsonObject } from '../../lib/json/json.js';
import { stringifyJson } from '../../lib/json/json-text.js';
import type { FieldSchema } from '../../domain/signature.js';
import type { DType, NamedTensors, TensorData } from '../../domain/tensor.js';
import { compileRowDecoder } from './row-decoder.js';
import { compileValueWriter } from './row-writer.js';

const odd = [
  0,
  -0,
  1.5,
  -1e21,
  1e-7,
  5e-324,
  2 ** 53,
  NaN,
  Infinity,
  null,
  true,
  'a"b\\\n\u2028é😀\ud800',
  [1, 'x', null],
  9007199254740993n,
];

const outputs = (dtype: DType, shape: number[], data: TensorData): NamedTensors =>
  new Map([['y', { dtype, shape, data }]]);

const signatureOf = (fields: Record<string, FieldSchema>) => ({
  input: { type: 'object' as const, properties: { text: { type: ['string', 'null'] as never } } },
  output: { type: 'object' as const, properties: fields },
});

describe('compileValueWriter', () => {
  it.each(['integer', 'number', 'boolean', 'string', 'array'] as const)(
    'of a field of type %s writes what stringifyJson writes, whatever the value is',
    (type) => {
      const write = compileValueWriter({ type, ...(type === 'array' && { items: { type: 'number' } }) });

      for (const value of odd) expect(write(value as never)).toBe(stringifyJson(value));
    },
  );
});

describe('a row decoder writes the rows it decodes', () => {
  it.each<[string, DecodeSpec, Record<string, FieldSchema>, NamedTensors, number]>([
    [
      'two classes',
      {
        kind: 'binary',
        tensor: 'y',
        labels: [0, 'yes'],
        field: 'label',
        probability_field: 'p',
        activation: 'sigmoid',
      },
      { label: { type: 'integer' }, p: { type: 'number' } },
      outputs('float32', [3, 1], new Float32Array([0.1, -3, NaN])),
      3,
    ],
    [
      'two classes by softmax',
      { kind: 'binary', tensor: 'y', labels: [0, 1], field: 'label', probability_field: 'p', activation: 'softmax' },
      { p: { type: 'number' }, label: { type: 'integer' } },
      outputs('float32', [2, 2], new Float32Array([0.1, -3, 8, 9])),
      2,
    ],
    [
      'several labels, and a text that is repeated',
      {
        kind: 'multi-label',
        tensor: 'y',
        labels: ['a"', '\u2028'],
        threshold: 0.5,
        field: 'tags',
        echo: { said: 'text' },
      },
      { said: { type: 'string' }, tags: { type: 'array', items: { type: 'string' } } },
      outputs('float32', [2, 2], new Float32Array([0.9, 0.1, 0.7, 0.8])),
      2,
    ],
    [
      'whole numbers with all their digits, under names that look like numbers',
      { kind: 'regression', tensor: 'y', fields: ['13', '__proto__'] },
      Object.fromEntries([
        ['13', { type: 'integer' }],
        ['__proto__', { type: 'integer' }],
      ]),
      outputs('int64', [2, 2], new BigInt64Array([1n, 9007199254740993n, -5n, 2n])),
      2,
    ],
    [
      'nested tensors',
      { kind: 'tensors', fields: { grid: 'y' } },
      { grid: { type: 'array', items: { type: 'array', items: { type: 'number' } } } } as never,
      outputs('float64', [1, 2, 2], new Float64Array([1, NaN, -0, 1e300])),
      1,
    ],
    [
      'no rows',
      { kind: 'tensors', fields: { v: 'y' } },
      { v: { type: 'number' } },
      outputs('float32', [0], new Float32Array(0)),
      0,
    ],
  ])('%s', (_what, decode, fields, tensors, count) => {
    const decoder = compileRowDecoder(decode, signatureOf(fields));
    const rows = Array.from({ length: count }, (_, i): JsonObject => (i === 0 ? { text: 'q"\n' } : {}));
    const context = { rows, prepared: rows.map(() => ({})) };

    const text = decoder.write(tensors, context, new Set());

    expect(text).toBe(stringifyJson(decoder.decode(tensors, context, new Set())));
    expect(JSON.parse(text)).toHaveLength(count);
  });
});
