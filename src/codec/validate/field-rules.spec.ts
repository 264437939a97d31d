import type { FieldSchema } from '../../domain/signature.js';
import { isMultiple, listRules, numberRules, stringRules } from './field-rules.js';
import { isOfType, memberKey } from './schema-check.js';

/** Types of the faults that a value has. */
const faultsOf = <T>(rules: readonly ((value: T) => { type: string } | undefined)[], value: T) =>
  rules.flatMap((rule) => rule(value)?.type ?? []);
const ofNumber = (schema: Partial<FieldSchema>, value: number | bigint) =>
  faultsOf(numberRules({ type: 'number', ...schema }), value).length;
const ofText = (schema: Partial<FieldSchema>, value: string) =>
  faultsOf(stringRules({ type: 'string', ...schema }), value).length;

describe('the rules of a number', () => {
  it.each<[string, Partial<FieldSchema>, (number | bigint)[], (number | bigint)[]]>([
    ['minimum', { minimum: 2 }, [2, 3, 2n, 10n ** 20n], [1.99, 1n, -Infinity]],
    ['exclusiveMinimum', { exclusiveMinimum: 2 }, [2.01, 3n], [2, 1, 2n]],
    ['maximum', { maximum: 2 }, [2, 1, 2n], [2.01, 3n]],
    ['exclusiveMaximum', { exclusiveMaximum: 2 }, [1.99, 1n], [2, 3, 2n]],
    ['multipleOf', { multipleOf: 5 }, [0, 10, -5, 10n], [1, 7.5, 11n]],
    ['enum', { enum: [1, 2.5, 2n ** 60n] }, [1, 1n, 2.5, 2n ** 60n], [2, 2n ** 60n + 1n]],
  ])('%s lets through what it should, to the very limit', (_keyword, schema, good, bad) => {
    expect(good.map((value) => ofNumber(schema, value))).toEqual(good.map(() => 0));
    expect(bad.map((value) => ofNumber(schema, value))).toEqual(bad.map(() => 1));
  });

  it('are told one by one when several are broken', () => {
    expect(ofNumber({ enum: [9], minimum: 5, multipleOf: 2 }, 1)).toBe(3);
    expect(ofNumber({}, 1)).toBe(0);
  });
});

describe('a multiple', () => {
  it('may miss by what floating point costs, and not by more', () => {
    expect([0.3, 0.7, 1e6 + 0.1, -0.3].map((value) => isMultiple(value, 0.1))).toEqual([true, true, true, true]);
    expect([0.35, 0.1001].map((value) => isMultiple(value, 0.1))).toEqual([false, false]);
    expect([1 + 1e-9, 1 - 1e-9, 1 + 1e-7, 1 - 1e-7].map((value) => isMultiple(value, 1))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('is exact for whole numbers beyond 2^53', () => {
    expect(isMultiple(2n ** 60n, 2)).toBe(true);
    expect(isMultiple(2n ** 60n + 1n, 2)).toBe(false);
    expect(isMultiple(3n, 1.5)).toBe(true);
  });
});

describe('the rules of a text', () => {
  // The crab is one code point of two UTF-16 units.
  it.each<[string, Partial<FieldSchema>, string[], string[]]>([
    ['minLength', { minLength: 2 }, ['ab', 'abc', '🦀🦀', '🦀a'], ['', 'a', '🦀']],
    ['minLength of several', { minLength: 4 }, ['abcd', '🦀🦀🦀🦀', '🦀bcd'], ['abc', '🦀🦀🦀', '🦀🦀']],
    ['maxLength', { maxLength: 2 }, ['', 'ab', '🦀🦀', '🦀a'], ['abc', '🦀ab', '🦀🦀🦀', 'abcdefgh']],
    [
      'half a pair counts by itself',
      { minLength: 2, maxLength: 2 },
      ['\ud83e\ud83e', '\udd80\ud83e', 'a\ud83e'],
      ['\ud83e'],
    ],
    ['pattern', { pattern: '^a+$' }, ['a', 'aaa'], ['', 'ab']],
    ['date', { format: 'date' }, ['2026-01-01'], ['2026-02-30', '2026-01-01T00:00:00Z']],
    ['date-time', { format: 'date-time' }, ['2026-01-01T00:00:00Z'], ['2026-01-01']],
    [
      'uuid',
      { format: 'uuid' },
      ['123e4567-e89b-12d3-a456-426614174000', '123E4567-E89B-12D3-A456-426614174000'],
      [
        'x123e4567-e89b-12d3-a456-426614174000',
        '123e4567-e89b-12d3-a456-426614174000x',
        '123e4567-e89b-12d3-a456-42661417400',
        '123e4567e89b12d3a456426614174000',
      ],
    ],
    ['enum', { enum: ['a'] }, ['a'], ['b']],
  ])('%s lets through what it should, to the very limit', (_keyword, schema, good, bad) => {
    expect(good.filter((value) => ofText(schema, value) !== 0)).toEqual([]);
    expect(bad.filter((value) => ofText(schema, value) !== 1)).toEqual([]);
  });
});

describe('the rules of a list', () => {
  it('count its items, to the very limit', () => {
    const rules = listRules({ type: 'array', minItems: 1, maxItems: 2 });

    expect([[], [1], [1, 2], [1, 2, 3]].map((items) => faultsOf(rules, items))).toEqual([
      ['value_error.list.min_items'],
      [],
      [],
      ['value_error.list.max_items'],
    ]);
    expect(listRules({ type: 'array' })).toEqual([]);
  });
});

describe('a value of a run file', () => {
  const VALUES = ['text', true, 1, 1.5, 2n ** 60n, null, [1], ['a'], NaN];
  it.each<[FieldSchema, unknown[]]>([
    [{ type: 'string' }, ['text']],
    [{ type: ['string', 'null'] }, ['text', null]],
    [{ type: 'boolean' }, [true]],
    [{ type: 'number' }, [1, 1.5, 2n ** 60n]],
    [{ type: 'integer' }, [1, 2n ** 60n]],
    [{ type: 'array', items: { type: 'number' } }, [[1]]],
    [{ type: 'array', items: { type: 'string' } }, [['a']]],
    [{ type: 'array' }, []],
  ])('is of the type of %j only when it is exactly that', (schema, expected) => {
    expect(VALUES.filter((value) => isOfType(schema, value))).toEqual(expected);
  });

  it('is the same member as the same number in another form', () => {
    expect([memberKey(9), memberKey(9n), memberKey(2 ** 60)]).toEqual([9, 9, 2n ** 60n]);
    expect([memberKey(BigInt(Number.MAX_SAFE_INTEGER)), memberKey(BigInt(Number.MIN_SAFE_INTEGER))]).toEqual([
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
    ]);
    expect([memberKey(2n ** 53n), memberKey(-(2n ** 53n)), memberKey(1.5)]).toEqual([2n ** 53n, -(2n ** 53n), 1.5]);
    expect([memberKey('a'), memberKey(null), memberKey(true)]).toEqual(['a', null, true]);
  });
});
