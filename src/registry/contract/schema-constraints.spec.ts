import type { FieldSchema } from '../../domain/signature.js';
import { BOUND_TYPES, allows, boundOf, leastOf, membersOf, stepOf, valueTypeOf } from './schema-constraints.js';

const [LOWER, UPPER] = BOUND_TYPES;

describe('the type of the values that a field lets through', () => {
  it.each<[FieldSchema, string]>([
    [{ type: 'number' }, 'number'],
    [{ type: 'number', multipleOf: 0.5 }, 'number'],
    [{ type: 'number', multipleOf: 2 }, 'integer'],
    [{ type: 'number', enum: [1, 2, 3] }, 'integer'],
    [{ type: 'number', enum: [1, 2.5] }, 'number'],
    [{ type: ['number', 'null'], enum: [1, null] }, 'integer'],
    [{ type: 'number', enum: [2n ** 60n] }, 'integer'],
    [{ type: 'string', enum: ['a'] }, 'string'],
    [{ type: 'boolean' }, 'boolean'],
  ])('of %j is %s', (schema, type) => {
    expect(valueTypeOf(schema)).toBe(type);
  });
});

describe('the end of a range', () => {
  it.each<[FieldSchema, object | undefined]>([
    [{ type: 'number' }, undefined],
    [
      { type: 'number', minimum: 1.5 },
      { value: 1.5, isExclusive: false, keyword: 'minimum' },
    ],
    [
      { type: 'number', exclusiveMinimum: 1.5 },
      { value: 1.5, isExclusive: true, keyword: 'exclusiveMinimum' },
    ],
    // The stricter counts; of two equal ones the exclusive.
    [
      { type: 'number', minimum: 1, exclusiveMinimum: 2 },
      { value: 2, isExclusive: true, keyword: 'exclusiveMinimum' },
    ],
    [
      { type: 'number', minimum: 3, exclusiveMinimum: 2 },
      { value: 3, isExclusive: false, keyword: 'minimum' },
    ],
    [
      { type: 'number', minimum: 2, exclusiveMinimum: 2 },
      { value: 2, isExclusive: true, keyword: 'exclusiveMinimum' },
    ],
    // Whole numbers have a nearest one inside.
    [
      { type: 'integer', minimum: 1.5 },
      { value: 2, isExclusive: false, keyword: 'minimum' },
    ],
    [
      { type: 'integer', exclusiveMinimum: 1.5 },
      { value: 2, isExclusive: false, keyword: 'exclusiveMinimum' },
    ],
    [
      { type: 'integer', exclusiveMinimum: 2 },
      { value: 3, isExclusive: false, keyword: 'exclusiveMinimum' },
    ],
  ])('below of %j is %j', (schema, bound) => {
    expect(boundOf(schema, LOWER)).toEqual(bound);
  });

  it.each<[FieldSchema, object]>([
    [
      { type: 'number', maximum: 1, exclusiveMaximum: 2 },
      { value: 1, isExclusive: false, keyword: 'maximum' },
    ],
    [
      { type: 'number', maximum: 2, exclusiveMaximum: 1 },
      { value: 1, isExclusive: true, keyword: 'exclusiveMaximum' },
    ],
    [
      { type: 'number', maximum: 2, exclusiveMaximum: 2 },
      { value: 2, isExclusive: true, keyword: 'exclusiveMaximum' },
    ],
    [
      { type: 'integer', maximum: 1.5 },
      { value: 1, isExclusive: false, keyword: 'maximum' },
    ],
    [
      { type: 'integer', exclusiveMaximum: 2 },
      { value: 1, isExclusive: false, keyword: 'exclusiveMaximum' },
    ],
  ])('above of %j is %j', (schema, bound) => {
    expect(boundOf(schema, UPPER)).toEqual(bound);
  });
});

describe('the step of a field', () => {
  it.each<[FieldSchema, number | undefined]>([
    [{ type: 'number' }, undefined],
    [{ type: 'number', multipleOf: 0.5 }, 0.5],
    [{ type: 'integer' }, 1],
    [{ type: 'integer', multipleOf: 0.5 }, 1],
    [{ type: 'integer', multipleOf: 5 }, 5],
  ])('of %j is %s', (schema, step) => {
    expect(stepOf(schema)).toBe(step);
  });
});

describe('a least length or number of items', () => {
  it('is none when it leaves nothing out', () => {
    expect(leastOf({ type: 'string', minLength: 0 }, 'minLength')).toBeUndefined();
    expect(leastOf({ type: 'string', minLength: 2 }, 'minLength')).toBe(2);
    expect(leastOf({ type: 'array', minItems: 1 }, 'minItems')).toBe(1);
    expect(leastOf({ type: 'array' }, 'minItems')).toBeUndefined();
  });
});

describe('the values that a field lists', () => {
  it.each<[string, FieldSchema, unknown[] | undefined]>([
    ['none are listed', { type: 'string' }, undefined],
    ['some are', { type: 'string', enum: ['a', 'b'] }, ['a', 'b']],
    ['null is one of them, which the type says already', { type: ['string', 'null'], enum: ['a', null] }, ['a']],
    ['null is one of them and the type excludes it', { type: 'string', enum: ['a', null] }, ['a']],
    ['a text is too long', { type: 'string', maxLength: 1, enum: ['a', 'bb'] }, ['a']],
    ['a number is out of range', { type: 'number', minimum: 2, enum: [1, 2] }, [2]],
    ['a whole number is out of range', { type: 'integer', maximum: 1, enum: [1, 2] }, [1]],
    ['a whole number is a fraction', { type: 'integer', enum: [1, 1.5] }, [1]],
    ['both truth values are listed', { type: 'boolean', enum: [true, false] }, undefined],
    ['one truth value is listed', { type: 'boolean', enum: [true] }, [true]],
    ['the pattern cannot be used', { type: 'string', pattern: '(', enum: ['a'] }, ['a']],
  ])('when %s', (_what, schema, members) => {
    expect(membersOf(schema)).toEqual(members);
  });
});

describe('a value of a run file', () => {
  it('passes a field whose type and rules it keeps', () => {
    expect(allows({ type: 'string', minLength: 2 }, 'ab')).toBe(true);
    expect(allows({ type: 'string', minLength: 2 }, 'a')).toBe(false);
    expect(allows({ type: 'number' }, 'a')).toBe(false);
    expect(allows({ type: 'number' }, null)).toBe(false);
    expect(allows({ type: ['number', 'null'], minimum: 5 }, null)).toBe(true);
    expect(allows({ type: 'integer', minimum: 5 }, 4)).toBe(false);
    expect(allows({ type: 'boolean', enum: [true] }, false)).toBe(false);
    expect(allows({ type: 'boolean', enum: [true] }, true)).toBe(true);
  });
});
