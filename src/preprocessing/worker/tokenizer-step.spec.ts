import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { TokenizerEncoding } from '../../domain/encode-spec.js';
import type { JsonObject } from '../../lib/json/json.js';
import { openTokenizer } from './tokenizer-step.js';

const FOLDER = join(__dirname, '..', '..', '..', 'test', 'fixtures', 'tokenizers');

interface Case {
  readonly text: string;
  /** Without cutting and filling; null for long texts. */
  readonly ids: number[] | null;
  readonly input_ids: number[];
  readonly attention_mask: number[];
  readonly token_type_ids: number[];
}

/** What Python's `tokenizers` made: test/fixtures/tokenizers/make-tokenizers.py. */
const python = JSON.parse(readFileSync(join(FOLDER, 'cases.json'), 'utf8')) as {
  max_length: number;
  cases: Record<string, { texts: Case[]; longest: Pick<Case, 'input_ids' | 'attention_mask'>[] }>;
};
const KINDS = Object.keys(python.cases);

function encodingOf(kind: string, more: Partial<TokenizerEncoding> = {}): TokenizerEncoding {
  const path = `${kind}.json`;
  const sha256 = createHash('sha256')
    .update(readFileSync(join(FOLDER, path)))
    .digest('hex');
  const tensors = { input_ids: 'ids', attention_mask: 'mask', token_type_ids: 'types' };
  return {
    kind: 'tokenizer',
    field: 'x',
    tokenizer: { path, sha256 },
    max_length: python.max_length,
    tensors,
    ...more,
  };
}

const parts = JSON.parse(readFileSync(join(FOLDER, 'parts.json'), 'utf8')) as {
  cases: { name: string; document: JsonObject }[];
};

const open = (encoding: TokenizerEncoding, folder = FOLDER) =>
  openTokenizer(encoding, { encoding, pointer: '/encode/tensors/0' }, folder);

/** The tensors of texts by name, as lists of rows of numbers. */
async function tokensOf(encoding: TokenizerEncoding, texts: readonly string[], folder = FOLDER) {
  const { tensors, issues } = await (await open(encoding, folder))(texts);
  const rows = tensors.map(([name, { data, shape }]) => {
    const numbers = Array.from(data as Iterable<number | bigint>, Number);
    return [name, texts.map((_, i) => numbers.slice(i * shape[1]!, (i + 1) * shape[1]!))] as const;
  });
  return { ...(Object.fromEntries(rows) as Record<'ids' | 'mask' | 'types', number[][]>), issues, tensors };
}

describe.each(KINDS)('a tokenizer of kind %s', (kind) => {
  const { texts, longest } = python.cases[kind]!;

  it("makes the tokens of Python's tokenizers of every text, strange ones too, cut and filled as it does", async () => {
    const made = await tokensOf(
      encodingOf(kind),
      texts.map(({ text }) => text),
    );

    expect(made.ids).toEqual(texts.map(({ input_ids: ids }) => ids));
    expect(made.mask).toEqual(texts.map(({ attention_mask: mask }) => mask));
    expect(made.types).toEqual(texts.map(({ token_type_ids: types }) => types));
  });

  it('cuts nothing that fits', async () => {
    const short = texts.filter(({ ids }) => ids);
    const made = await tokensOf(
      encodingOf(kind, { max_length: 1_000 }),
      short.map(({ text }) => text),
    );

    const counted = made.ids.map((ids, row) => ids.filter((_, i) => made.mask[row]![i] === 1));
    expect(counted).toEqual(short.map(({ ids }) => ids));
  });

  it('fills up to the longest row when the run says so', async () => {
    const made = await tokensOf(encodingOf(kind, { padding: 'longest', max_length: 100 }), [
      'The bright small model.',
      'rain',
    ]);

    expect(made.ids).toEqual(longest.map(({ input_ids: ids }) => ids));
    expect(made.mask).toEqual(longest.map(({ attention_mask: mask }) => mask));
  });
});

describe('a tokenizer', () => {
  it('makes int64 tensors unless the run says int32, and only those that the model takes', async () => {
    const one = await tokensOf(encodingOf('bpe', { tensors: { input_ids: 'ids' } }), ['a']);
    const other = await tokensOf(encodingOf('bpe', { dtype: 'int32' }), ['a']);

    expect(one.tensors.map(([name, { dtype, shape, data }]) => [name, dtype, shape, data.constructor])).toEqual([
      ['ids', 'int64', [1, 12], BigInt64Array],
    ]);
    expect(other.tensors.map(([, { data }]) => data.constructor)).toEqual([Int32Array, Int32Array, Int32Array]);
  });

  it('refuses a text with more characters than the run takes, counted as people count them', async () => {
    const encoding = encodingOf('wordpiece', { max_characters: 3 });

    const { issues } = await tokensOf(encoding, ['🙂🙂🙂', 'four', 'abc']);

    expect(issues).toEqual([
      {
        row: 1,
        issue: {
          msg: 'ensure this value has at most 3 characters',
          type: 'value_error.any_str.max_length',
          ctx: { limit_value: 3 },
        },
      },
    ]);
  });

  it('takes half a surrogate pair for a replacement character', async () => {
    const { ids } = await tokensOf(encodingOf('bpe'), ['a\ud83d', 'a\ufffd']);

    expect(ids[0]).toEqual(ids[1]);
  });

  describe('without a post-processor', () => {
    const path = 'alone.json';
    const text = JSON.stringify({ ...parts.cases[0]!.document, padding: { pad_id: 0 } });
    const tokenizer = { path, sha256: createHash('sha256').update(text).digest('hex') };
    let folder: string;

    beforeAll(() => writeFileSync(join((folder = mkdtempSync(join(tmpdir(), 'tokenizer-'))), path), text));

    afterAll(() => rmSync(folder, { recursive: true }));

    it('has the type 0 for every token, also of a text that is cut', async () => {
      const encoding = encodingOf('bpe', { tokenizer, max_length: 2 });

      const { types, ids } = await tokensOf(encoding, ['a b c'], folder);

      expect({ types, ids }).toEqual({ types: [[0, 0]], ids: [[4, 5]] });
    });
  });

  it('refuses a text that Python refuses, with its place, and no other', async () => {
    const { document } = parts.cases.find(({ name }) => name === 'words without an unknown token')!;
    const text = JSON.stringify(document);
    const folder = mkdtempSync(join(tmpdir(), 'tokenizer-'));
    writeFileSync(join(folder, 'words.json'), text);
    const sha256 = createHash('sha256').update(text).digest('hex');
    const encoding = encodingOf('bpe', { tokenizer: { path: 'words.json', sha256 }, pad: 0, max_length: 3 });

    const { ids, issues } = await tokensOf(encoding, ['a b', 'a strange b'], folder);
    rmSync(folder, { recursive: true });

    expect(ids[0]).toEqual([4, 5, 0]);
    expect(issues).toEqual([
      { row: 1, issue: { msg: expect.stringContaining('does not know'), type: 'value_error.tokenizer' } },
    ]);
  });

  it.each<[string, string, Partial<TokenizerEncoding>]>([
    ['is not the file', 'CHECKSUM_MISMATCH', { tokenizer: { path: 'bpe.json', sha256: '0'.repeat(64) } }],
    ['cannot be read', 'ARTIFACT_MISSING', { tokenizer: { path: 'none.json', sha256: '0'.repeat(64) } }],
    ['leaves no room', 'SIGNATURE_MISMATCH', { max_length: 1 }],
  ])('says what is wrong: %s', async (message, code, more) => {
    await expect(open(encodingOf('wordpiece', more))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ['is not a tokenizer.json', 'cases.json', 'cannot be used here'],
    ['is not JSON', 'make-tokenizers.py', 'is not a tokenizer.json'],
  ])('refuses a file that %s', async (_, path, message) => {
    const sha256 = createHash('sha256')
      .update(readFileSync(join(FOLDER, path)))
      .digest('hex');

    await expect(open(encodingOf('bpe', { tokenizer: { path, sha256 } }))).rejects.toMatchObject({
      code: 'SIGNATURE_MISMATCH',
      message: expect.stringContaining(message),
    });
  });
});
