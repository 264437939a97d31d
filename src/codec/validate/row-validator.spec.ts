import fc from 'fast-check';

import { BODY, QUERY, validate } from '../../../test/support/codec-calls.js';
import type { JsonObject, JsonValue } from '../../lib/json/json.js';
import type { RowSchema } from '../../domain/signature.js';
import type { ValidationIssue } from '../../domain/validation-issue.js';
import { compileRowValidator, MAX_PROBLEMS } from './row-validator.js';
import type { ValidateOptions } from './row-validator.js';

const PASSENGER: RowSchema = {
  type: 'object',
  properties: {
    age: { type: 'integer', minimum: 0, maximum: 150 },
    sex: { type: 'string', enum: ['F', 'M'] },
    pclass: { type: 'integer', enum: [1, 2, 3], default: 3 },
  },
  required: ['age', 'sex'],
};

describe('compileRowValidator', () => {
  it('gives declared fields in declared order, defaults filled in and unknown keys dropped', () => {
    const given = { zodiac: 'leo', sex: 'F', age: '9' };

    const { row } = validate(PASSENGER, given);

    expect(Object.entries(row!)).toEqual([
      ['age', 9],
      ['sex', 'F'],
      ['pclass', 3],
    ]);
    expect(given).toEqual({ zodiac: 'leo', sex: 'F', age: '9' });
  });

  it('leaves out optional fields that are absent', () => {
    expect(validate({ ...PASSENGER, required: [] }, {}).row).toEqual({ pclass: 3 });
  });

  it('reports every field in declared order, each once', () => {
    const { issues } = validate(PASSENGER, { pclass: 7, age: -1 });

    expect(issues).toEqual([
      {
        loc: ['body', 'inputs', 0, 'age'],
        msg: 'ensure this value is greater than or equal to 0',
        type: 'value_error.number.not_ge',
        ctx: { limit_value: 0 },
      },
      { loc: ['body', 'inputs', 0, 'sex'], msg: 'field required', type: 'value_error.missing' },
      {
        loc: ['body', 'inputs', 0, 'pclass'],
        msg: 'value is not a valid enumeration member; permitted: 1, 2, 3',
        type: 'type_error.enum',
        ctx: { enum_values: [1, 2, 3] },
      },
    ]);
  });

  it('refuses what is no object', () => {
    const wrong = (value: unknown) => validate(PASSENGER, value).issues;

    for (const value of ['text', 1, true, [], [{}]]) {
      expect(wrong(value)).toEqual([
        { loc: ['body', 'inputs', 0], msg: 'value is not a valid dict', type: 'type_error.dict' },
      ]);
    }
    expect(wrong(null)).toEqual([
      { loc: ['body', 'inputs', 0], msg: 'none is not an allowed value', type: 'type_error.none.not_allowed' },
    ]);
    expect(wrong(undefined)).toEqual([
      { loc: ['body', 'inputs', 0], msg: 'field required', type: 'value_error.missing' },
    ]);
  });

  it('refuses extra fields when the signature says so, after all declared fields', () => {
    const { issues } = validate({ ...PASSENGER, additionalProperties: false }, { extra: 1, age: 'x', sex: 'F', b: 2 });

    expect(issues.map(({ loc, type }) => [loc.at(-1), type])).toEqual([
      ['age', 'type_error.integer'],
      ['extra', 'value_error.extra'],
      ['b', 'value_error.extra'],
    ]);
  });

  it('collects no more than MAX_PROBLEMS per request', () => {
    const validator = compileRowValidator(PASSENGER);
    const issues: ValidationIssue[] = [];

    for (let i = 0; i < 80; i++) validator.validate({}, ['body', i], BODY, issues);

    expect(issues).toHaveLength(MAX_PROBLEMS);
    expect(validator.validate({ age: 1, sex: 'F' }, ['body', 80], BODY, issues)).toBeUndefined();
  });

  it('skips every rule but presence and type in types-only mode', () => {
    const options: ValidateOptions = { source: 'body', mode: 'types-only' };

    expect(validate(PASSENGER, { age: -5, sex: 'f' }, options).row).toEqual({ age: -5, sex: 'f', pclass: 3 });
    expect(validate(PASSENGER, { age: 'x' }, options).issues.map(({ type }) => type)).toEqual([
      'type_error.integer',
      'value_error.missing',
    ]);
  });

  it('takes null in a nullable field as missing', () => {
    const properties: RowSchema['properties'] = {
      a: { type: ['integer', 'null'] },
      b: { type: ['integer', 'null'], default: 7 },
      c: { type: ['integer', 'null'], enum: [1, null] },
    };

    expect(validate({ type: 'object', properties }, { a: null, b: null, c: null }).row).toEqual({
      a: null,
      b: 7,
      c: null,
    });
    expect(validate({ type: 'object', properties, required: ['a'] }, {}).issues[0]!.type).toBe('value_error.missing');
  });

  it('refuses null where the enum does not name it, although the type does, as JSON Schema says', () => {
    const schema: RowSchema = { type: 'object', properties: { c: { type: ['string', 'null'], enum: ['C', 'Q'] } } };

    expect(validate(schema, { c: null }).issues).toEqual([
      {
        loc: ['body', 'inputs', 0, 'c'],
        msg: "value is not a valid enumeration member; permitted: 'C', 'Q'",
        type: 'type_error.enum',
        ctx: { enum_values: ['C', 'Q'] },
      },
    ]);
    expect(validate(schema, { c: null }, { source: 'body', mode: 'types-only' }).issues).toHaveLength(1);
    expect(validate(schema, {}).row).toEqual({});
  });

  describe('and hostile keys', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];

    it('ignores them as extra keys', () => {
      const given = JSON.parse('{"age":1,"sex":"F","__proto__":{"pclass":1},"constructor":1,"toString":2}') as unknown;

      const { row } = validate(PASSENGER, given);

      expect(row).toEqual({ age: 1, sex: 'F', pclass: 3 });
      expect(({} as JsonObject)['pclass']).toBeUndefined();
    });

    it('does not read fields from a prototype', () => {
      const { issues } = validate(PASSENGER, Object.create({ age: 1, sex: 'F' }) as unknown);

      expect(issues).toHaveLength(2);
    });

    it('takes them as field names', () => {
      const properties = JSON.parse(
        `{${names.map((name) => `"${name}":{"type":"integer"}`).join()}}`,
      ) as RowSchema['properties'];
      const schema: RowSchema = { type: 'object', properties, required: names, additionalProperties: false };

      expect(validate(schema, {}).issues.map(({ loc }) => loc.at(-1))).toEqual(names);
      const { row } = validate(schema, JSON.parse(`{${names.map((name) => `"${name}":1`).join()}}`));
      expect(Object.keys(row!)).toEqual(names);
      expect(JSON.stringify(row)).toBe('{"__proto__":1,"constructor":1,"toString":1,"hasOwnProperty":1}');
    });

    it('reads rows without a prototype and maps', () => {
      const bare = Object.assign(Object.create(null) as object, { age: 1, sex: 'F' });

      expect(validate(PASSENGER, bare).row).toEqual({ age: 1, sex: 'F', pclass: 3 });
      expect(
        validate(
          PASSENGER,
          new Map<string, JsonValue>([
            ['age', 1],
            ['sex', 'F'],
          ]),
        ).row,
      ).toEqual({
        age: 1,
        sex: 'F',
        pclass: 3,
      });
    });
  });

  it('never throws and never gives a row of other types, whatever comes', () => {
    const validator = compileRowValidator({
      type: 'object',
      properties: {
        i: { type: 'integer' },
        n: { type: ['number', 'null'] },
        s: { type: 'string', format: 'date-time' },
        b: { type: 'boolean' },
        l: { type: 'array', items: { type: 'integer' } },
      },
    });
    const anything = fc.anything({ withBigInt: true, withNullPrototype: true });
    const row = fc.record({ i: anything, n: anything, s: anything, b: anything, l: anything }, { requiredKeys: [] });

    fc.assert(
      fc.property(fc.oneof(row, anything), fc.constantFrom(BODY, QUERY), (value, options) => {
        const issues: ValidationIssue[] = [];
        const clean = validator.validate(value, ['body'], options, issues);

        expect(clean === undefined).toBe(issues.length > 0);
        if (clean?.['n'] !== undefined) expect(['number', 'bigint', 'object']).toContain(typeof clean['n']);
        if (typeof clean?.['i'] === 'number') expect(Number.isSafeInteger(clean['i'])).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  describe('looks for the field that is meant by an unknown one', () => {
    const schemaOf = (count: number): RowSchema => ({
      type: 'object',
      properties: Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`gene_${i}`, { type: 'number' as const }]),
      ),
      additionalProperties: false,
    });
    const suggestionsIn = (issues: readonly ValidationIssue[]) =>
      issues.filter(({ msg }) => msg.includes('did you mean'));
    const misspelt = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`Gene-${i}`, 1]));

    it.each([
      [100, 10],
      [2_000, 2],
      [9_000, 1],
    ])('among %i fields for the first %i', (fields, count) => {
      const { issues } = validate(schemaOf(fields), misspelt);

      expect(issues).toHaveLength(MAX_PROBLEMS);
      expect(suggestionsIn(issues)).toEqual(issues.slice(0, count));
    });

    it('and the unknown one that is meant by a missing field, in the strict words', () => {
      const needy: RowSchema = { ...PASSENGER, required: ['age', 'sex'] };
      const msgs = (row: object, mode: 'strict' | 'types-only' = 'strict') =>
        validate(needy, row, { source: 'body', mode }).issues.map(({ loc, msg }) => [loc.at(-1), msg]);

      expect(msgs({ Age: 10, sex: 'M', fare: 7 })).toEqual([['age', 'field required; did you mean it by "Age"?']]);
      expect(msgs({ fare: 10, sex: 'M' })).toEqual([['age', 'field required']]);
      expect(msgs({ Age: 10, sex: 'M' }, 'types-only')).toEqual([['age', 'field required']]);
      // Comparing this many names would take longer than others should wait.
      const many = Object.fromEntries(Array.from({ length: 6_000 }, (_, i) => [`n${i}`, 1]));
      expect(msgs({ ...many, Age: 10, sex: 'M' })).toEqual([['age', 'field required']]);
    });

    it('likewise among the names of columns', () => {
      const names = Object.keys(schemaOf(10).properties);
      const validator = compileRowValidator({ ...schemaOf(10), required: names, additionalProperties: true });
      const columns = Array.from({ length: 3_000 }, (_, i) => `Gene-${i}`);
      const issues: ValidationIssue[] = [];
      validator.checkColumns(columns, ['body', 'columns'], issues);

      expect(issues).toHaveLength(10);
      expect(suggestionsIn(issues)).toEqual(issues.slice(0, 1));
    });
  });
});
