import fc from 'fast-check';

import { NO_FILES, encodeOne, schemaOf } from '../../../test/support/codec-calls.js';
import type { Column, EncodeSpec, ImageEncoding, TokenizerEncoding, TokensEncoding } from '../../domain/encode-spec.js';
import type { JsonObject } from '../../lib/json/json.js';
import type { FieldSchema } from '../../domain/signature.js';
import { concatRows } from '../../domain/tensor-rows.js';
import type { DType } from '../../domain/tensor.js';
import type { ValidationIssue } from '../../domain/validation-issue.js';
import { RunError } from '../../domain/verdict.js';
import { MAX_PROBLEMS } from '../validate/issues.js';
import { compileRowEncoder } from './row-encoder.js';
import { compileRowValidator } from '../validate/row-validator.js';

describe('compileRowEncoder with tokens', () => {
  const encoding: TokensEncoding = {
    kind: 'tokens',
    tensor: 't',
    dtype: 'int32',
    field: 'x',
    split: 'characters',
    vocabulary: ['a', 'b', '🙂'],
    length: 4,
  };
  const text: FieldSchema = { type: 'string' };

  it('numbers characters by code point, fills short texts and cuts long ones', () => {
    expect(encodeOne(encoding, text, 'b🙂').data).toEqual([3, 4, 0, 0]);
    expect(encodeOne(encoding, text, 'abzabz').data).toEqual([2, 3, 1, 2]);
    expect(encodeOne(encoding, text, '').data).toEqual([0, 0, 0, 0]);
    expect(encodeOne(encoding, text, '\ud83d').data).toEqual([1, 0, 0, 0]);
  });

  it('numbers words by the indexes the run says', () => {
    const words: TokensEncoding = {
      ...encoding,
      dtype: 'int64',
      split: 'words',
      vocabulary: { path: 'words.txt', sha256: '' },
      offset: 0,
      pad: 9,
      unknown: 8,
    };

    const { data, shape } = encodeOne(
      words,
      text,
      ' deep \n learning constructor',
      new Map([['words.txt', ['learning', 'deep']]]),
    );

    expect(data).toEqual([1n, 0n, 8n, 9n]);
    expect(shape).toEqual([1, 4]);
  });

  it('parts words where Python does', () => {
    const words: TokensEncoding = { ...encoding, split: 'words', length: 2 };

    for (const space of ['\x1c', '\x1f', '\x85', '\xa0', '\u2028', '\u3000'])
      expect(encodeOne(words, text, `a${space}b`).data).toEqual([2, 3]);
    for (const other of ['\ufeff', '\u200b', '\u180e'])
      expect(encodeOne(words, text, `a${other}b`).data).toEqual([1, 0]);
  });

  it('reads no more of a long text than the tensor holds', () => {
    expect(encodeOne(encoding, text, 'a'.repeat(5_000_000)).data).toEqual([2, 2, 2, 2]);
    expect(encodeOne({ ...encoding, split: 'words' as const }, text, 'a '.repeat(2_500_000)).data).toEqual([
      2, 2, 2, 2,
    ]);
  });
});

describe('compileRowEncoder with a run that does not fit', () => {
  const input = schemaOf(
    {
      age: { type: 'integer' },
      fare: { type: 'number' },
      tall: { type: ['integer', 'null'] },
      sex: { type: 'string' },
      town: { type: 'string' },
      born: { type: 'string', format: 'date' },
      alive: { type: 'boolean' },
      image: { type: 'array', items: { type: 'number' } },
      cube: { type: 'array', items: { type: 'array', items: { type: 'array', items: { type: 'number' } } } },
      sized: {
        type: 'array',
        minItems: 3,
        maxItems: 3,
        items: { type: 'array', minItems: 2, maxItems: 2, items: { type: 'number' } },
      },
      words: { type: 'array', items: { type: 'string' } },
      photo: { type: 'string', format: 'image' },
      portrait: { type: 'string', format: 'image' },
      holes: { type: 'array', items: { type: ['number', 'null'] } },
    },
    ['fare', 'town', 'portrait'],
  );

  function refusal(encode: EncodeSpec, code = 'SIGNATURE_MISMATCH'): string {
    try {
      compileRowEncoder(encode, input, NO_FILES);
    } catch (error) {
      expect(error).toBeInstanceOf(RunError);
      expect((error as RunError).code).toBe(code);
      return (error as RunError).message;
    }
    return 'accepted';
  }

  const ofArray = (field: string, shape: number[], layout?: string): EncodeSpec => ({
    tensors: [{ kind: 'array', tensor: 't', dtype: 'float32', field, shape, ...(layout !== undefined && { layout }) }],
  });
  const ofImage = (more: Partial<ImageEncoding>): EncodeSpec => ({
    tensors: [{ kind: 'image', dtype: 'float32', field: 'photo', width: 8, height: 6, channels: 3, ...more }],
  });
  const ofTokenizer = (more: Partial<TokenizerEncoding>): EncodeSpec => ({
    tensors: [
      {
        kind: 'tokenizer',
        field: 'sex',
        tokenizer: { path: 't.json', sha256: '' },
        max_length: 8,
        tensors: { input_ids: 'a' },
        ...more,
      },
    ],
  });
  const ofColumns = (dtype: DType, ...columns: object[]): EncodeSpec => ({
    tensors: [{ kind: 'columns', tensor: 't', dtype, columns: columns as Column[] }],
  });
  const sex = { kind: 'category', field: 'sex', as: 'one-hot', values: ['F', 'M'], unknown: 'zeros' };

  it.each<[string, EncodeSpec]>([
    ['no field "nope"', ofColumns('float32', { kind: 'number', field: 'nope' })],
    ['no field "toString"', ofColumns('float32', { kind: 'number', field: 'toString' })],
    ['"fare" may be missing', ofColumns('float32', { kind: 'number', field: 'fare' })],
    ['"tall" may be missing', ofColumns('float32', { kind: 'number', field: 'tall' })],
    ['such as "nan"', ofColumns('string', { kind: 'string', field: 'town' })],
    ['is of type string', ofColumns('float32', { kind: 'number', field: 'sex' })],
    ['is of type integer', ofColumns('float32', { kind: 'date', field: 'age', part: 'day' })],
    ['is of type array', ofColumns('float32', { ...sex, field: 'image' })],
    ['is of type string', ofColumns('float32', { kind: 'boolean', field: 'sex' })],
    ['texts need a tensor of dtype string', ofColumns('float32', { kind: 'string', field: 'sex' })],
    ['takes string columns', ofColumns('string', { kind: 'number', field: 'age' })],
    ['missing nan does not fit int32', ofColumns('int32', { kind: 'number', field: 'fare', missing: 'nan' })],
    ['missing 300 does not fit uint8', ofColumns('uint8', { kind: 'number', field: 'fare', missing: 300 })],
    ['divide must not be 0', ofColumns('float32', { kind: 'number', field: 'age', divide: 0 })],
    ['names a value twice', ofColumns('float32', { ...sex, values: ['F', 'F'] })],
    ['cannot have', ofColumns('float32', { ...sex, values: ['F', 1] })],
    ['must be one of values', ofColumns('float32', { ...sex, missing: 'X' })],
    ['needs a rule other than', ofColumns('float32', { ...sex, unknown: 'error', missing: 'unknown' })],
    ['is for one-hot', ofColumns('float32', { ...sex, as: 'index' })],
    ['unknown 2 is not an index', ofColumns('float32', { ...sex, unknown: 2 })],
    ['does not fit uint8', ofColumns('uint8', { ...sex, as: 'index', unknown: 999 })],
    [
      'rank 1',
      { tensors: [{ kind: 'columns', tensor: 't', dtype: 'float32', rank: 1, columns: [sex as unknown as Column] }] },
    ],
    [
      'needs the name of its tensor',
      {
        tensors: [
          ...ofColumns('float32', sex).tensors,
          { ...ofColumns('float32', sex).tensors[0]!, tensor: undefined },
        ],
      },
    ],
    ['made twice', { tensors: [...ofColumns('float32', sex).tensors, ...ofColumns('float32', sex).tensors] }],
    ['nests 3 deep, the shape 2', ofArray('cube', [3, 4])],
    ['must say "format": "image"', ofImage({ field: 'sex' })],
    ['"portrait" may be missing', ofImage({ field: 'portrait' })],
    ['is of type array', ofImage({ field: 'image' })],
    ['mean has 3 numbers for 1 channels', ofImage({ channels: 1, mean: [0, 0, 0] })],
    ['std must not be 0', ofImage({ std: [1, 0, 1] })],
    ['uint8 takes pixels as they are', ofImage({ dtype: 'uint8', scale: 2 })],
    ['shorter_side needs', ofImage({ resize: { filter: 'box', shorter_side: 9 } })],
    ['shorter_side needs', ofImage({ resize: { filter: 'box', fit: 'crop', shorter_side: 3 } })],
    ['names one tensor twice', ofTokenizer({ tensors: { input_ids: 'a', attention_mask: 'a' } })],
    ['such as "nan"', ofTokenizer({ field: 'town' })],
    ['is of type integer', ofTokenizer({ field: 'age' })],
    ['made twice', { tensors: [...ofTokenizer({}).tensors, ...ofTokenizer({}).tensors] }],
    ['must hold numbers or booleans', ofArray('words', [2])],
    ['is a list of lists', ofColumns('float32', { kind: 'list', field: 'sized', size: 3 })],
    ['may be null', ofColumns('float32', { kind: 'list', field: 'holes', size: 3 })],
    ['does not fit int32', ofColumns('int32', { kind: 'list', field: 'holes', size: 3, missing: 'nan' })],
    ['is of type integer', ofColumns('float32', { kind: 'list', field: 'age', size: 3 })],
    ['the index -1 does not fit uint8', ofColumns('uint8', { ...sex, as: 'index', unknown: -1 })],
    ['the index NaN does not fit int64', ofColumns('int64', { ...sex, as: 'index', unknown: 0, missing: 'nan' })],
    ['unknown nan is not an index', ofColumns('float32', { ...sex, unknown: 'nan' })],
    ['unknown -1 is not an index', ofColumns('float32', { ...sex, unknown: -1 })],
    ['must be one of values or "unknown"', ofColumns('float32', { ...sex, missing: 'nan' })],
    ['hold 3 × 2 numbers, the shape [5] holds 5', ofArray('sized', [5])],
    ['same letters on both sides', ofArray('sized', [3, 2], 'hw→hh')],
    ['layout names 3 axes', ofArray('sized', [3, 2], 'hwc→chw')],
    ['which its schema excludes', ofArray('sized', [3, 2], 'hw→wh')],
    ['may be null', { tensors: [{ kind: 'array', tensor: 't', dtype: 'float32', field: 'holes', shape: [2] }] }],
    ['"image" is not a string', { prepare: [{ name: 'p', field: 'image', steps: [] }], ...ofColumns('float32', sex) }],
    ['"sex" is taken', { prepare: [{ name: 'sex', field: 'born', steps: [] }], ...ofColumns('float32', sex) }],
  ])('says: %s', (message, encode) => {
    expect(refusal(encode)).toContain(message);
    expect(refusal(encode)).toMatch(/^\/encode\//);
  });

  it('refuses token indexes that the dtype cannot hold and tokens that are there twice', () => {
    const tokens = { kind: 'tokens', tensor: 't', dtype: 'int32', field: 'sex', split: 'words', length: 1 } as const;

    expect(refusal({ tensors: [{ ...tokens, vocabulary: ['a'], offset: 2 ** 31 }] })).toContain('does not fit int32');
    expect(refusal({ tensors: [{ ...tokens, dtype: 'float32', vocabulary: ['a'], pad: 2 ** 24 + 1 }] })).toContain(
      'does not fit',
    );
    expect(refusal({ tensors: [{ ...tokens, vocabulary: ['a', 'a'] }] })).toContain('there twice');
    expect(
      refusal({ tensors: [{ ...tokens, vocabulary: { path: 'v.txt', sha256: '' } }] }, 'ARTIFACT_MISSING'),
    ).toContain('v.txt');
  });
});

describe('describeMismatch of an encoder', () => {
  const encoder = compileRowEncoder(
    {
      tensors: [
        { kind: 'columns', tensor: 'x', dtype: 'float32', columns: [{ kind: 'number', field: 'age' }] },
        { kind: 'columns', tensor: 'id', dtype: 'int64', rank: 1, columns: [{ kind: 'number', field: 'age' }] },
      ],
    },
    schemaOf({ age: { type: 'integer' } }),
    NO_FILES,
  );

  it('is silent when everything the model says agrees', () => {
    expect(
      encoder.describeMismatch([
        { name: 'x', dtype: 'float32', shape: [null, 1] },
        { name: 'id', dtype: null, shape: null },
      ]),
    ).toEqual([]);
    expect(
      encoder.describeMismatch([
        { name: 'x', dtype: null, shape: [1, null] },
        { name: 'id', dtype: 'int64', shape: [null] },
      ]),
    ).toEqual([]);
  });

  it.each([
    ['x', [1], '[?, 1]', '[?, 1]'],
    ['id', [], '[?]', '[?]'],
  ])('tells a model without a dimension for rows of %s to have one', (name, shape, made, wanted) => {
    const inputs = ['x', 'id'].map((one) => ({ name: one, dtype: null, shape: one === name ? shape : null }));

    expect(encoder.describeMismatch(inputs)).toEqual([
      `The input "${name}" has shape [${shape.join()}] in the model and ${made} in encode. It has no dimension for rows: export the model ` +
        `with one, ${wanted}, or make a value that is the same in every row a constant of the graph.`,
    ]);
  });

  it('says what differs', () => {
    expect(
      encoder.describeMismatch([
        { name: 'x', dtype: 'float64', shape: [null, 4] },
        { name: 'z.1', dtype: null, shape: null },
      ]),
    ).toEqual([
      'The input "x" is float64 in the model and float32 in encode.',
      'The input "x" has shape [?, 4] in the model and [?, 1] in encode.',
      'Encode makes the tensor "id", which the model does not have; its inputs are "x", "z.1".',
      'The model needs the input "z.1", which encode does not make.',
    ]);
  });
});

describe('encode, for every kind at once', () => {
  const input = schemaOf(
    {
      n: { type: 'number' },
      i: { type: 'integer' },
      c: { type: 'string' },
      b: { type: 'boolean' },
      d: { type: 'string', format: 'date-time' },
      t: { type: 'string' },
      l: { type: 'array', items: { type: 'array', items: { type: 'integer' } } },
    },
    ['n', 'c', 'b', 'd', 't'],
  );
  const encode: EncodeSpec = {
    prepare: [{ name: 'clean', field: 't', steps: [{ kind: 'lowercase' }, { kind: 'clean', stem: true }] }],
    tensors: [
      {
        kind: 'columns',
        tensor: 'features',
        dtype: 'float32',
        columns: [
          { kind: 'number', field: 'n', missing: 'nan', subtract: 1, divide: 3 },
          { kind: 'category', field: 'c', as: 'one-hot', values: ['a', 'b'], unknown: 'zeros', missing: 'unknown' },
          { kind: 'boolean', field: 'b', missing: 0 },
          { kind: 'date', field: 'd', part: 'epoch-days', missing: -1 },
        ],
      },
      { kind: 'columns', tensor: 'i', dtype: 'int64', rank: 1, columns: [{ kind: 'number', field: 'i' }] },
      { kind: 'columns', tensor: 's', dtype: 'string', columns: [{ kind: 'string', field: 'clean', missing: '' }] },
      {
        kind: 'tokens',
        tensor: 'tokens',
        dtype: 'int32',
        field: 't',
        split: 'characters',
        vocabulary: ['a', 'b'],
        length: 5,
        missing: '',
      },
      { kind: 'array', tensor: 'l', dtype: 'int32', field: 'l', shape: [2, 2] },
    ],
  };
  const validator = compileRowValidator(input);
  const encoder = compileRowEncoder(encode, input, NO_FILES);
  const pair = fc.array(fc.maxSafeInteger(), { minLength: 1, maxLength: 3 });
  const given = fc.record(
    {
      n: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger()),
      i: fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      c: fc.string({ maxLength: 1 }),
      b: fc.boolean(),
      d: fc
        .date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-12-31') })
        .map((date) => date.toISOString()),
      t: fc.string({ unit: 'binary' }),
      l: fc.array(pair, { minLength: 1, maxLength: 3 }),
    },
    { requiredKeys: ['i', 'l'] },
  );

  function validated(values: readonly object[]): JsonObject[] {
    const issues: ValidationIssue[] = [];
    const rows = values.map((value) => validator.validate(value, [], { source: 'body', mode: 'strict' }, issues)!);
    expect(issues).toEqual([]);
    return rows;
  }

  it('equals the concatenation of the rows encoded alone, and is the same each time', () => {
    fc.assert(
      fc.property(fc.array(given, { minLength: 1, maxLength: 6 }), (values) => {
        const rows = validated(values);
        const [together, alone, again]: ValidationIssue[][] = [[], [], []];

        const all = encoder.encode(rows, (i) => [i], together!);
        const each = rows.map((row, i) => encoder.encode([row], () => [i], alone!));

        if (together!.length === 0) expect(all).toEqual(concatRows(each));
        expect(encoder.encode(rows, (i) => [i], again!, encoder.prepare(rows))).toEqual(all);
        expect(again).toEqual(together);
        const byText = (a: ValidationIssue, b: ValidationIssue) =>
          a.loc.join() + a.msg < b.loc.join() + b.msg ? -1 : 1;
        if (alone!.length < MAX_PROBLEMS) expect([...alone!].sort(byText)).toEqual([...together!].sort(byText));
      }),
      { numRuns: 200 },
    );
  });
});
