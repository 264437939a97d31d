import { NO_FILES, schemaOf } from '../../../test/support/codec-calls.js';
import type { EncodeSpec } from '../../domain/encode-spec.js';
import type { JsonObject } from '../../lib/json/json.js';
import { compileRowEncoder } from './row-encoder.js';

describe('compileRowEncoder with texts and images for another thread', () => {
  const encode: EncodeSpec = {
    prepare: [{ name: 'clean', field: 't', steps: [{ kind: 'lowercase' }] }],
    tensors: [
      { kind: 'columns', tensor: 'n', dtype: 'float32', columns: [{ kind: 'number', field: 'n' }] },
      {
        kind: 'tokenizer',
        field: 'clean',
        tokenizer: { path: 't.json', sha256: '' },
        max_length: 8,
        padding: 'longest',
        missing: 'none',
        tensors: { input_ids: 'ids', attention_mask: 'mask' },
      },
      { kind: 'image', tensor: 'x', dtype: 'uint8', field: 'p', width: 8, height: 6, channels: 1, layout: 'hwc' },
    ],
  };
  const input = schemaOf({ n: { type: 'number' }, t: { type: 'string' }, p: { type: 'string', format: 'image' } }, [
    't',
  ]);
  const encoder = compileRowEncoder(encode, input, NO_FILES);

  it('makes the other tensors, and gives the texts of each row', () => {
    const rows: JsonObject[] = [
      { n: 1, t: 'A B', p: 'x' },
      { n: 2, p: 'y' },
    ];
    const prepared = encoder.prepare(rows);

    expect([...encoder.encode(rows, (i) => [i], [], prepared).keys()]).toEqual(['n']);
    expect(encoder.preprocessed.map((field) => rows.map((row, i) => field.read(row, prepared[i]!)))).toEqual([
      ['a b', 'none'],
      ['x', 'y'],
    ]);
  });

  it("compares their tensors with the model's, too", () => {
    const take = (ids: (number | null)[], mask: (number | null)[], x: (number | null)[]) =>
      encoder.describeMismatch([
        { name: 'n', dtype: 'float32', shape: [null, 1] },
        { name: 'ids', dtype: 'int64', shape: ids },
        { name: 'mask', dtype: 'int64', shape: mask },
        { name: 'x', dtype: 'uint8', shape: x },
      ]);

    expect(take([null, null], [null, null], [null, 6, 8, 1])).toEqual([]);
    expect(take([null, 8], [null, null], [null, 1, 6, 8])).toEqual([
      'The input "ids" has shape [?, 8] in the model and [?, ?] in encode.',
      'The input "x" has shape [?, 1, 6, 8] in the model and [?, 6, 8, 1] in encode.',
    ]);
  });
});
