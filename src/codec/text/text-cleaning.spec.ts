import cleanedTexts from './fixtures/cleaned-texts.json';
import { STOPWORDS } from './stopwords.js';
import { cleanText } from './text-cleaning.js';
import type { CleanOptions } from './text-cleaning.js';

describe('cleanText', () => {
  it.each([
    [
      'Generative adversarial networks in both PyTorch and TensorFlow.',
      'generative adversarial networks pytorch tensorflow',
    ],
    [
      'Transfer learning with transformers for self-supervised learning.',
      'transfer learning transformers self supervised learning',
    ],
    ['Transformers have revolutionized the ML field.', 'transformers revolutionized ml field'],
    ['Transfer learning with BERT!', 'transfer learning bert'],
    ['The and of', ''],
    ['   ', ''],
    ["C++ and R&D: what's new in 2021?", 'c r new 2021'],
    ['See https://madewithml.com for more', 'see  com'],
    ["Don't stop", 'stop'],
    ['Node.js vs. Go/Rust', 'node js vs gorust'],
    ['a.b,c', 'b c'],
    ["GPT-3 isn't AGI", 'gpt 3 agi'],
    ["état de l'art über naïve", 'tat de lart ber na ve'],
    ['日本語 text', 'text'],
    ['http', 'http'],
    ['', ''],
  ])('turns %p into %p', (text, cleaned) => {
    expect(cleanText(text)).toBe(cleaned);
  });

  it('stems on request', () => {
    expect(cleanText('Transfer learning with BERT!', { stem: true })).toBe('transfer learn bert');
  });

  it('does to every odd text what Python does', () => {
    // Made by the original steps, written with Python 3.11's `re` and NLTK 3.5: [text, options, cleaned].
    for (const [text, options, cleaned] of cleanedTexts as [string, CleanOptions, string][]) {
      expect([text, options, cleanText(text, options)]).toEqual([text, options, cleaned]);
    }
    expect(cleanedTexts.length).toBeGreaterThan(200);
  });

  it('knows 179 stop words', () => {
    expect(STOPWORDS.size).toBe(179);
  });

  it.each([' ', '-', 'http', 'a', 'y', 'the ', 'http ', '1_', 'é', "'", 'a\u0301', '\ud83d'])(
    'takes time in proportion to the text for many %p',
    (part) => {
      // A quadratic step would need 10^12 operations here and run into the test's time limit.
      const text = part.repeat(1_000_000 / part.length);

      expect(cleanText(text, { stem: true }).length).toBeLessThanOrEqual(text.length);
    },
  );
});
