import { MAX_EXAMPLE_CHARACTERS, isShortExample, shortExample, shortExamples } from './short-example.js';

const image = (side: number) => [1, 2, 3].map(() => Array.from({ length: side }, () => Array<number>(side).fill(0.5)));

describe('an example as a document shows it', () => {
  it('stays as it is up to the limit', () => {
    const row = { age: 10, sex: 'M', tags: ['a'], note: null };

    expect(shortExample(row)).toBe(row);
    expect(isShortExample('x'.repeat(MAX_EXAMPLE_CHARACTERS - 2))).toBe(true);
    expect(isShortExample('x'.repeat(MAX_EXAMPLE_CHARACTERS - 1))).toBe(false);
  });

  it.each([
    ['an image', image(224)],
    ['a long list', Array<number>(100_000).fill(1)],
    ['a wide row', Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`gene_${i}`, 0.25]))],
    ['a long text', 'word '.repeat(10_000)],
    ['base64', 'iVBORw0KGgo'.repeat(10_000)],
    ['long field names', Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${i}${'n'.repeat(3_000)}`, i]))],
    ['deep lists', Array.from({ length: 30 }).reduce<unknown>((inner) => [inner, inner], 'x')],
  ])('is short whatever it is made of: %s', (_name, value) => {
    expect(JSON.stringify(shortExample(value)).length).toBeLessThanOrEqual(MAX_EXAMPLE_CHARACTERS);
  });

  it('shows the first items of a list, and how many more there are', () => {
    expect(shortExample({ values: Array.from({ length: 5_000 }, (_, i) => i) })).toEqual({
      values: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, '… 4990 more'],
    });
  });

  it('shows the first fields of a row, and how many more there are', () => {
    const row = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`f${i}`, i]));

    expect(shortExample(row)).toMatchObject({ f0: 0, f59: 59, '…': '940 more fields' });
  });

  it('shows the beginning of a text, and of encoded bytes only the length', () => {
    expect(shortExample('to be or not '.repeat(1_000))).toMatch(/^to be or not .*… \(13000 characters\)$/);
    expect(shortExample({ image: 'iVBORw0K'.repeat(1_000) })).toEqual({ image: '<8000 characters>' });
  });

  it('keeps the digits of int64', () => {
    expect(isShortExample({ id: 9007199254740993n })).toBe(true);
  });

  it('looks at no more of a value than the limit', () => {
    let reads = 0;
    const list = new Proxy(Array<number>(1_000_000).fill(7), {
      get: (target, key) => {
        reads += 1;
        return Reflect.get(target, key) as unknown;
      },
    });

    expect(isShortExample(list)).toBe(false);
    expect(reads).toBeLessThan(10_000);
  });
});

describe('several examples of a field', () => {
  it('are as many as fit, one at least', () => {
    const text = 'a b '.repeat(200);

    expect(shortExamples(['a', 'b'])).toEqual(['a', 'b']);
    expect(shortExamples([text, text, text])).toEqual([text, text]);
    expect(shortExamples([image(64)])).toHaveLength(1);
    expect(isShortExample(shortExamples([image(64)]))).toBe(true);
  });
});
