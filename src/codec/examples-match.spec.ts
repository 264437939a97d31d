import type { JsonObject, JsonValue } from '../lib/json/json.js';
import type { DecodeSpec } from '../domain/decode-spec.js';
import type { OutputFieldSchema } from '../domain/signature.js';
import { compareOutput, comparisonOf } from './examples-match.js';

const plain: DecodeSpec = { kind: 'tensors', fields: {} };

/** Of answers with these fields; of the others nothing is known. */
const comparison = (
  properties: Record<string, OutputFieldSchema> = {},
  decode: DecodeSpec = plain,
  tolerance?: number,
) =>
  comparisonOf(
    { signature: { input: { type: 'object', properties: {} }, output: { type: 'object', properties } }, decode },
    tolerance,
  );
const ANY = comparison();

describe('compareOutput', () => {
  it.each<[JsonObject, JsonObject]>([
    [{ a: 1, b: 2 }, { a: 1 }],
    [{ a: 1.00009 }, { a: 1 }],
    [{ a: 1000.09 }, { a: 1000 }],
    [{ a: null }, { a: NaN }],
    [{ a: NaN }, { a: null }],
    [{ a: null }, { a: Infinity }],
    [{ a: 5n }, { a: 5 }],
    [
      { a: ['x', 'y'], b: { c: [0.5, null] } },
      { a: ['x', 'y'], b: { c: [0.50001, null] } },
    ],
    [
      { a: true, b: 'x' },
      { a: true, b: 'x' },
    ],
  ])('finds that %p matches %p', (actual, expected) => {
    expect(compareOutput(actual, expected, ANY)).toBeUndefined();
  });

  it.each<[JsonObject, JsonObject, string]>([
    [{ a: 1.0002 }, { a: 1 }, 'The field "a" should be 1 and is 1.0002.'],
    [{}, { a: 1 }, 'The field "a" should be 1 and is missing.'],
    [{}, { a: null }, 'The field "a" should be null and is missing.'],
    [{}, { toString: 1 }, 'The field "toString" should be 1 and is missing.'],
    [{ a: null }, { a: 0 }, 'The field "a" should be 0 and is null.'],
    [{ a: 0 }, { a: null }, 'The field "a" should be null and is 0.'],
    [{ a: 1 }, { a: true }, 'The field "a" should be true and is 1.'],
    [{ a: '1' }, { a: 1 }, 'The field "a" should be 1 and is "1".'],
    [{ a: ['y', 'x'] }, { a: ['x', 'y'] }, 'The field "a[0]" should be "x" and is "y".'],
    [{ a: ['x'] }, { a: ['x', 'y'] }, 'The field "a" should have 2 items and has 1: ["x"].'],
    [{ a: { b: [1, { c: 2 }] } }, { a: { b: [1, { c: 3 }] } }, 'The field "a.b[1].c" should be 3 and is 2.'],
    [{ a: 1 }, { a: { b: 1 } }, 'The field "a" should be {"b":1} and is 1.'],
    [{ a: [1] }, { a: { 0: 1 } }, 'The field "a" should be {"0":1} and is [1].'],
  ])('tells how %p differs from %p', (actual, expected, sentence) => {
    expect(compareOutput(actual, expected, ANY)).toBe(sentence);
  });

  it('tells int64 values apart by their last digit, whatever is tolerated', () => {
    for (const type of ['integer', 'number'] as const) {
      expect(compareOutput({ a: 9007199254740993n }, { a: 9007199254740994n }, comparison({ a: { type } }))).toBe(
        'The field "a" should be "9007199254740994" and is "9007199254740993".',
      );
    }
    expect(compareOutput({ a: 9007199254740992n }, { a: 2 ** 53 }, comparison({ a: { type: 'integer' } }))).toBe(
      undefined,
    );
  });

  it.each<[string, OutputFieldSchema, JsonValue, JsonValue, string]>([
    ['a whole number', { type: 'integer' }, 20002, 20001, 'a'],
    ['a whole number that may be null', { type: ['integer', 'null'] }, 20002, 20001, 'a'],
    ['a whole number beside a text', { type: ['string', 'integer'] }, 20002, 20001, 'a'],
    ['whole numbers in lists', { type: 'array', items: { type: 'integer' } }, [1, 20002], [1, 20001], 'a[1]'],
    [
      'whole numbers in objects',
      { type: 'object', additionalProperties: { type: 'integer' } },
      { x: 20002 },
      { x: 20001 },
      'a.x',
    ],
    [
      'a member of an object',
      { type: 'object', properties: { x: { type: 'integer' } } },
      { x: 20002 },
      { x: 20001 },
      'a.x',
    ],
  ])('compares %s exactly', (_what, schema, actual, expected, path) => {
    expect(compareOutput({ a: actual }, { a: expected }, comparison({ a: schema }))).toMatch(
      `The field "${path}" should be`,
    );
  });

  it.each<[string, OutputFieldSchema, JsonValue, JsonValue]>([
    ['a number', { type: 'number' }, 20002, 20001],
    ['a number that may be null', { type: ['null', 'number'] }, 20002, 20001],
    ['numbers in lists', { type: 'array', items: { type: 'number' } }, [1, 20002], [1, 20001]],
    ['numbers in objects', { type: 'object', additionalProperties: { type: 'number' } }, { x: 20002 }, { x: 20001 }],
  ])('tolerates that %s differs a little', (_what, schema, actual, expected) => {
    expect(compareOutput({ a: actual }, { a: expected }, comparison({ a: schema }))).toBe(undefined);
  });

  it.each<DecodeSpec>([
    { kind: 'binary', tensor: 'y', labels: [20001, 20002], field: 'a' },
    { kind: 'multi-class', tensor: 'y', labels: [20001, 20002, 20003], field: 'a' },
  ])('compares labels exactly although the field is of type number: $kind', (decode) => {
    expect(compareOutput({ a: 20002 }, { a: 20001 }, comparison({ a: { type: 'number' } }, decode))).toContain('"a"');
  });

  describe('of numbers that are all small', () => {
    const output = { type: 'object', properties: { rate: { type: 'number' }, all: { type: 'array' } } } as const;
    const run = { signature: { input: { type: 'object', properties: {} }, output }, decode: plain } as const;
    const recorded: JsonObject[] = [{ rate: 2e-6, all: [1e-9, 1] }, { rate: 4e-6 }];
    const examples = recorded.map((one) => ({ input: {}, output: one }));
    const check = (actual: JsonObject, selfTest?: { readonly tolerance: number }) =>
      compareOutput(
        actual,
        actual.rate === undefined ? { all: [1e-9, 1] } : { rate: 2e-6 },
        comparisonOf({ ...run, examples, self_test: selfTest }),
      );

    it('refuses what differs by more than a hundredth of the largest', () => {
      expect(check({ rate: 3e-6 })).toBe('The field "rate" should be 0.000002 and is 0.000003.');
      expect(check({ rate: 2.03e-6 })).toBeUndefined();
    });

    it('takes the tolerance of the run, where it has one', () => {
      expect(check({ rate: 3e-6 }, { tolerance: 1e-4 })).toBeUndefined();
    });

    it('takes what rounding leaves of a difference for zero', () => {
      const residuals = [{ input: {}, output: { rate: 3e-17 } }];
      const comparison = comparisonOf({ ...run, examples: residuals, self_test: undefined });

      expect(compareOutput({ rate: -6e-9 }, { rate: 3e-17 }, comparison)).toBeUndefined();
    });

    it('looks at all numbers of a field', () => {
      expect(check({ all: [5e-5, 1] })).toBeUndefined();
    });
  });

  it('keeps its sentence short', () => {
    expect(compareOutput({ a: 'x'.repeat(1000) }, { a: 'y' }, ANY)!.length).toBeLessThan(150);
  });
});
