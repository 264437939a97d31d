import type { FieldSchema, RowSchema } from '../../../src/domain/signature.js';
import type { Column, ColumnsEncoding } from '../../../src/domain/encode-spec.js';
import type { Run } from '../../../src/domain/run.js';
import type { DType } from '../../../src/domain/tensor.js';
import { TestStore } from './build-store.js';

/**
 * Further tiny models for `TestStore.addRun(model, name, run, fixture)`: what each needs besides `onnx-sum`'s run.
 */
type TinyRun = Partial<Run>;

const column = (tensor: string, dtype: DType, kind: Column, rank: 1 | 2 = 2): ColumnsEncoding => ({
  kind: 'columns',
  tensor,
  dtype,
  rank,
  columns: [kind],
});

const row = (properties: Record<string, FieldSchema>, required: string[]): RowSchema => ({
  type: 'object',
  properties,
  required,
});

/** Fixture `onnx-types`: gives the text back as `echo`, and on request `whole` with all the digits of an int64. */
export const textRun: TinyRun = {
  signature: {
    input: row(
      {
        text: { type: 'string', minLength: 1, maxLength: 10_000 },
        whole: { type: 'integer' },
        flag: { type: 'boolean' },
        positive: { type: 'integer', minimum: 0 },
      },
      ['text'],
    ),
    output: row({ echo: { type: 'string' }, whole: { type: 'integer' } }, ['echo']),
  },
  encode: {
    tensors: [
      column('text', 'string', { kind: 'string', field: 'text' }, 1),
      column('whole', 'int64', { kind: 'number', field: 'whole', missing: 0 }, 1),
      column('flag', 'bool', { kind: 'boolean', field: 'flag', missing: 0 }, 1),
      column('positive', 'uint64', { kind: 'number', field: 'positive', missing: 0 }, 1),
    ],
  },
  decode: { kind: 'tensors', fields: { echo: '13', whole: 'x.1' }, on_request: ['whole'], primary: ['echo'] },
  examples: [{ input: { text: 'hello' }, output: { echo: 'hello' } }],
};

/** Fixture `onnx-gather`: `index` 0, 1, 2 gives 10, 20, 30; any other index makes the model throw. */
export const throwingRun: TinyRun = {
  signature: {
    input: row({ index: { type: 'integer' } }, ['index']),
    output: row({ value: { type: ['number', 'null'] } }, ['value']),
  },
  encode: { tensors: [column('index', 'int64', { kind: 'number', field: 'index' }, 1)] },
  decode: { kind: 'tensors', fields: { value: 'y' } },
  examples: [{ input: { index: 1 }, output: { value: 20 } }],
};

/** Fixture `onnx-slow-rows`: adds 1 to `x` as often as `times` says, which takes as long as a test wants. */
export const slowRun: TinyRun = {
  signature: {
    input: row({ x: { type: 'number' }, times: { type: 'integer', minimum: 0 } }, ['x', 'times']),
    output: row({ y: { type: ['number', 'null'] } }, ['y']),
  },
  encode: {
    tensors: [
      column('x', 'float32', { kind: 'number', field: 'x' }),
      column('times', 'int64', { kind: 'number', field: 'times' }),
    ],
  },
  decode: { kind: 'regression', tensor: 'y', fields: ['y'] },
  examples: [{ input: { x: 1, times: 3 }, output: { y: 4 } }],
};

/** Fixture `onnx-log`: the natural logarithm, NaN below 0 and -Infinity at 0. */
export const logRun: TinyRun = {
  signature: {
    input: row({ x: { type: 'number' } }, ['x']),
    output: row({ log: { type: ['number', 'null'] } }, ['log']),
  },
  encode: { tensors: [column('x', 'float32', { kind: 'number', field: 'x' }, 1)] },
  decode: { kind: 'tensors', fields: { log: 'y' } },
  examples: [{ input: { x: 1 }, output: { log: 0 } }],
};

/** Fixture `onnx-drops`: gives numbers back; for one below 0 it gives no row at all. */
export const droppingRun: TinyRun = {
  signature: {
    input: row({ x: { type: 'number' } }, ['x']),
    output: row({ same: { type: ['number', 'null'] } }, ['same']),
  },
  encode: { tensors: [column('x', 'float32', { kind: 'number', field: 'x' }, 1)] },
  decode: { kind: 'tensors', fields: { same: 'y' } },
  examples: [{ input: { x: 1 }, output: { same: 1 } }],
};

/** Fixture `onnx-sum` with a field of every kind beside its two numbers, all optional. */
export const everyFieldRun: TinyRun = {
  signature: {
    input: row(
      {
        a: { type: 'number', minimum: -1000, maximum: 1000 },
        b: { type: 'number', exclusiveMinimum: -5, exclusiveMaximum: 5, default: 0 },
        count: { type: 'integer', multipleOf: 2 },
        flag: { type: 'boolean' },
        word: { type: 'string', minLength: 2, maxLength: 4 },
        code: { type: 'string', pattern: '^[A-Z]+$' },
        sex: { type: 'string', enum: ['F', 'M'] },
        day: { type: 'string', format: 'date' },
        moment: { type: 'string', format: 'date-time' },
        id: { type: 'string', format: 'uuid' },
        list: { type: 'array', items: { type: 'number' }, minItems: 1, maxItems: 3 },
        maybe: { type: ['number', 'null'] },
      },
      ['a'],
    ),
    output: row({ sum: { type: ['number', 'null'] } }, ['sum']),
  },
  examples: [{ input: { a: 1, b: 2 }, output: { sum: 3 } }],
};

/** A store with one model for each way an answer can come about; `texts` is the default model, being a text model. */
export function tinyStore(): TestStore {
  return new TestStore()
    .addModel('adder')
    .addRun('adder', 'adder-best', { metrics: { f1: 0.9 } })
    .addRun('adder', 'adder-second', { metrics: { f1: 0.8 } })
    .addRun('adder', 'adder-failed', { status: 'FAILED', metrics: { f1: 0.95 } })
    .addModel('every-field')
    .addRun('every-field', 'every-field-1', everyFieldRun)
    .addModel('logarithm')
    .addRun('logarithm', 'logarithm-1', logRun, 'onnx-log')
    .addModel('texts')
    .addRun('texts', 'texts-1', textRun, 'onnx-types');
}
