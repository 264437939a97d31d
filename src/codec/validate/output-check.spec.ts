import type { JsonValue } from '../../lib/json/json.js';
import type { OutputFieldSchema } from '../../domain/signature.js';
import { compileOutputChecker } from './output-check.js';

const check = (schema: OutputFieldSchema, value: JsonValue) =>
  compileOutputChecker({ type: 'object', properties: { f: schema }, required: ['f'] }).check({ f: value });

describe('compileOutputChecker', () => {
  it.each<[string, OutputFieldSchema, readonly JsonValue[], readonly (readonly [JsonValue, string])[]]>([
    [
      'texts',
      { type: 'string', minLength: 2 },
      ['ab'],
      [
        [1, 'f: it is of type integer, not string'],
        ['a', 'f: ensure this value has at least 2 characters'],
      ],
    ],
    [
      'whole numbers',
      { type: 'integer', maximum: 5 },
      [5, 2 ** 53, -9007199254740993n].slice(0, 1),
      [
        [1.5, 'f: it is of type number, not integer'],
        ['1', 'f: it is of type string, not integer'],
        [9007199254740993n, 'f: ensure this value is less than or equal to 5'],
      ],
    ],
    [
      'numbers',
      { type: 'number' },
      [1, 1.5, 9007199254740993n],
      [
        [null, 'f: none is not an allowed value'],
        ['1', 'f: it is of type string, not number'],
        [true, 'f: it is of type boolean, not number'],
      ],
    ],
    [
      'numbers that may be null',
      { type: ['number', 'null'], minimum: 0 },
      [null, 0],
      [[-1, 'f: ensure this value is greater than or equal to 0']],
    ],
    ['truth values', { type: 'boolean' }, [true, false], [[1, 'f: it is of type integer, not boolean']]],
    ['nothing but null', { type: 'null' }, [null], [[0, 'f: it is of type integer, not null']]],
    [
      'lists',
      { type: 'array', items: { type: 'integer' }, maxItems: 2 },
      [[], [1, 2]],
      [
        [[1, 2, 3], 'f: ensure this value has at most 2 items'],
        [[1, 'a'], 'f[1]: it is of type string, not integer'],
        [{}, 'f: it is of type object, not array'],
      ],
    ],
    ['lists of anything', { type: 'array' }, [[1, 'a', null]], [['a', 'f: it is of type string, not array']]],
    [
      'objects by name',
      { type: 'object', properties: { low: { type: 'number' } }, required: ['low'], additionalProperties: false },
      [{ low: 1 }],
      [
        [{}, 'f.low: field required'],
        [{ low: 'a' }, 'f.low: it is of type string, not number'],
        [{ low: 1, high: 2 }, 'f.high: extra fields not permitted'],
        [[1], 'f: it is of type array, not object'],
      ],
    ],
    [
      'objects of one kind of member',
      { type: 'object', additionalProperties: { type: ['number', 'null'], maximum: 1 } },
      [{}, { a: 1, __proto__x: null }],
      [[{ a: 0.5, b: 2 }, 'f.b: ensure this value is less than or equal to 1']],
    ],
    ['objects of anything', { type: 'object' }, [{ a: [{}] }], [[1, 'f: it is of type integer, not object']]],
    [
      'values of several types',
      { type: ['string', 'integer'], enum: ['a', 1] },
      ['a', 1],
      [
        [1.5, 'f: it is of type number, not string or integer'],
        ['b', "f: value is not a valid enumeration member; permitted: 'a', 1"],
      ],
    ],
    ['values of any type', {}, [null, 1, 'a', [], {}], []],
    ['formats it does not know', { type: 'string', format: 'email' as never }, ['a'], []],
  ])('knows %s', (_what, schema, good, bad) => {
    for (const value of good) expect(check(schema, value)).toBe(undefined);
    for (const [value, found] of bad) expect(check(schema, value)).toBe(found);
  });

  it('checks neither fields that the schema does not name nor absent ones that it does not require', () => {
    const checker = compileOutputChecker({ type: 'object', properties: { a: { type: 'string' } } });

    expect(checker.check({ b: 1 })).toBe(undefined);
  });

  it('refuses a pattern that cannot be used, with its place', () => {
    const schema = { type: 'object', properties: { x: { type: 'string', pattern: '(' } } } as const;

    expect(() => compileOutputChecker({ type: 'object', properties: { f: schema } })).toThrow(
      '/signature/output/properties/f/properties/x/pattern: "(" is not a regular expression',
    );
  });

  it('does not compile a type that it does not know', () => {
    expect(() => check({ type: 'decimal' as never }, 1)).toThrow('no check for the output type decimal');
  });
});
