import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { JsonObject } from '../../lib/json/json.js';
import { makeTokenizer } from './tokenizer-document.js';

const FOLDER = join(__dirname, '..', '..', '..', 'test', 'fixtures', 'tokenizers');

/** What Python's `tokenizers` made, null where it refuses the text: test/fixtures/tokenizers/make-parts.py. */
const { cases, refused } = JSON.parse(readFileSync(join(FOLDER, 'parts.json'), 'utf8')) as {
  cases: { name: string; document: JsonObject; texts: { text: string; ids: number[] | null }[] }[];
  refused: { message: string; document: JsonObject }[];
};

describe('a tokenizer with a part that the JavaScript library reads otherwise', () => {
  it.each(cases)("makes Python's tokens: $name", ({ document, texts }) => {
    const tokenizer = makeTokenizer(document);

    const made = texts.map(({ text }) => {
      const { ids } = tokenizer.encode(text);
      return { text, ids: ids.includes(undefined) ? null : ids };
    });

    expect(made).toEqual(texts);
  });

  it.each(refused)('is refused where it cannot make them: $message', ({ document, message }) => {
    expect(() => makeTokenizer(document)).toThrow(message);
  });

  it('is refused when an added token is for single words only', () => {
    const token = {
      id: 20,
      content: 'new',
      single_word: true,
      lstrip: false,
      rstrip: false,
      normalized: true,
      special: false,
    };
    const document = { ...cases[0]!.document, added_tokens: [token] };

    expect(() => makeTokenizer(document)).toThrow('the added token "new" is for single words only');
  });
});
