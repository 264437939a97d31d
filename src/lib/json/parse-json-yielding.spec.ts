import fc from 'fast-check';

import { parseJsonYielding } from './parse-json-yielding.js';

const LARGE = 10_000_000;
const parse = (text: string) => parseJsonYielding(text, LARGE);

describe(parseJsonYielding.name, () => {
  it('gives what JSON.parse gives', async () => {
    const objects = fc.dictionary(fc.string(), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(objects, fc.constantFrom(undefined, 1), async (object, indent) => {
        const text = JSON.stringify(object, undefined, indent);
        expect(await parse(text)).toEqual(JSON.parse(text));
      }),
    );
    expect(await parse('{"a":[1],"a":[],"__proto__":[2]}')).toEqual(JSON.parse('{"a":[],"__proto__":[2]}'));
  });

  it('refuses what JSON.parse refuses, and what is no object', async () => {
    const alphabet = fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '1', ' ', 'null', '\\');
    const isObject = (text: string) => {
      try {
        const value: unknown = JSON.parse(text);
        return typeof value === 'object' && value !== null && !Array.isArray(value);
      } catch {
        return false;
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.array(alphabet, { maxLength: 12 }), async (words) => {
        const text = `{"a":[${words.join('')}`;
        const parsed = await parse(text).catch((error: unknown) => error);
        expect(parsed instanceof SyntaxError).toBe(!isObject(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('parses no more than some items at once, however many there are', async () => {
    const items = Array.from({ length: 5_000 }, (_, id) => ({ id, text: '],["\\'.repeat(20) }));
    const text = JSON.stringify({ items, next: 'x' });
    const parseAll = jest.spyOn(JSON, 'parse');

    const parsed = await parse(text);
    const lengths = parseAll.mock.calls.map(([piece]) => piece.length);
    parseAll.mockRestore();

    expect(parsed).toEqual({ items, next: 'x' });
    expect(lengths.length).toBeGreaterThan(5);
    expect(Math.max(...lengths)).toBeLessThan(140_000);
  });

  it('sees an item that is missing where one piece ends', async () => {
    const item = `"${'x'.repeat(140_000)}"`;

    expect(await parse(`{"a":[${item},${item}]}`)).toEqual({ a: [JSON.parse(item), JSON.parse(item)] });
    for (const list of [`${item},`, `${item},,${item}`, `,${item}`, `${item}, ,${item}`])
      await expect(parse(`{"a":[${list}]}`)).rejects.toThrow(SyntaxError);
  });

  it('refuses an item, or a rest, that would take long by itself', async () => {
    const long = 'x'.repeat(200);

    await expect(parseJsonYielding(`{"a":[1,"${long}"]}`, 200)).rejects.toThrow(RangeError);
    await expect(parseJsonYielding(`{"a":"${long}"}`, 200)).rejects.toThrow(RangeError);
  });
});
