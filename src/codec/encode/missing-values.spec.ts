import { NO_FILES, schemaOf } from '../../../test/support/codec-calls.js';
import type { TensorEncoding } from '../../domain/encode-spec.js';
import type { FieldSchema } from '../../domain/signature.js';
import { compileRowEncoder } from './row-encoder.js';

const image: TensorEncoding = { kind: 'image', dtype: 'uint8', field: 'x', width: 8, height: 8, channels: 1 };
const array: TensorEncoding = { kind: 'array', dtype: 'float32', field: 'x', shape: [2] };
const number = {
  kind: 'columns',
  dtype: 'float32',
  columns: [{ kind: 'number', field: 'x' }],
} satisfies TensorEncoding;
const text: TensorEncoding = { kind: 'columns', dtype: 'string', columns: [{ kind: 'string', field: 'x' }] };
const numbers: FieldSchema = { type: 'array', items: { type: 'number' } };

describe('a field that may be missing is refused with what its encoding can take', () => {
  const adviceFor = (encoding: TensorEncoding, schema: FieldSchema, optional: string[]): string => {
    try {
      compileRowEncoder({ tensors: [encoding] }, schemaOf({ x: schema }, optional), NO_FILES);
    } catch (error) {
      return (error as Error).message.replace(/^.*may be missing; /, '');
    }
    return 'nothing';
  };

  it.each<[string, TensorEncoding, FieldSchema, string[], string]>([
    [
      'an image',
      image,
      { type: 'string', format: 'image' },
      ['x'],
      'make it required, or let rows give another field in its place ("oneOf" in the signature, "one-of" in encode).',
    ],
    ['a list', array, numbers, ['x'], 'make it required, or give it a default.'],
    [
      'a list that may be null',
      array,
      { ...numbers, type: ['array', 'null'] },
      [],
      'take "null" out of its type, or give it a default.',
    ],
    ['a number', number, { type: 'number' }, ['x'], 'make it required, give it a default, or say "missing".'],
    [
      'a number that may be null, too',
      number,
      { type: ['number', 'null'] },
      ['x'],
      'make it required and take "null" out of its type, give it a default, or say "missing".',
    ],
    [
      'an index of a category',
      { ...number, columns: [{ kind: 'category', field: 'x', as: 'index', values: ['a'], unknown: 'error' }] },
      { type: 'string' },
      ['x'],
      'make it required, give it a default, or say "missing": one of "values", "unknown", "nan" or -1.',
    ],
    [
      'a category',
      { ...number, columns: [{ kind: 'category', field: 'x', as: 'one-hot', values: ['a'], unknown: 'error' }] },
      { type: 'string' },
      ['x'],
      'make it required, give it a default, or say "missing": one of "values", or "unknown".',
    ],
    [
      'a text',
      text,
      { type: 'string' },
      ['x'],
      'make it required, give it a default, or say "missing": the text that the model saw in its place when it was trained, such as "nan", "missing" or "".',
    ],
  ])('%s', (_, encoding, schema, optional, advice) => {
    expect(adviceFor(encoding, schema, optional)).toBe(advice);
  });
});
