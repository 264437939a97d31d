import type { FieldSchema } from '../../domain/signature.js';
import { RunError } from '../../domain/verdict.js';
import { compileRowValidator } from './row-validator.js';

describe('compileRowValidator with a schema that contradicts itself', () => {
  function refusal(properties: Record<string, FieldSchema>, required?: string[]): string {
    try {
      compileRowValidator({ type: 'object', properties, required });
    } catch (error) {
      expect(error).toBeInstanceOf(RunError);
      expect((error as RunError).code).toBe('RUN_FILE_INVALID');
      return (error as RunError).message;
    }
    return 'accepted';
  }

  it.each<[FieldSchema, string]>([
    [{ type: 'integer', minimum: 5, maximum: 3 }, '/minimum: 5 leaves no value below maximum 3'],
    [{ type: 'number', exclusiveMinimum: 3, maximum: 3 }, '/exclusiveMinimum: 3 leaves no value below maximum 3'],
    [{ type: 'string', minLength: 5, maxLength: 3 }, '/minLength: 5 leaves'],
    [{ type: 'string', items: { type: 'string' } }, '/items: does nothing for type string'],
    [{ type: 'boolean', minimum: 1 }, '/minimum: does nothing for type boolean'],
    [{ type: 'array' }, 'an array must say what its items are'],
    [{ type: 'array', items: { type: 'string', minimum: 1 } }, '/items/minimum: does nothing'],
    [{ type: 'integer', enum: [1, 'a'] }, '/enum/1: is not of type integer'],
    [{ type: 'integer', enum: [1, 1.5] }, '/enum/1: is not of type integer'],
    [{ type: 'number', enum: [1, 1n] }, '/enum/1: names a value twice'],
    [{ type: 'string', enum: ['a', null] }, '/enum/1: is not of type string'],
    [{ type: 'integer', default: '9' }, "/default: is not of the field's type"],
    [{ type: 'integer', default: null }, "/default: is not of the field's type"],
    [
      { type: 'integer', default: 9, maximum: 5 },
      "breaks the field's own rule: ensure this value is less than or equal to 5",
    ],
    [{ type: 'string', pattern: '(a)\\1' }, 'refers back to a group'],
    [{ type: 'string', pattern: '^(?=.*a).+$' }, 'looks ahead or behind'],
    [{ type: 'string', pattern: '((a|ab){1,100}){1,100}x' }, 'comes to 30001 characters'],
    [{ type: 'string', pattern: '(' }, 'is not a regular expression'],
    [{ type: 'number', multipleOf: 0 }, '/multipleOf: must be above 0'],
  ])('refuses %p', (field, message) => {
    expect(refusal({ 'a/b': field })).toContain(message);
    expect(refusal({ 'a/b': field })).toContain('/signature/input/properties/a~1b');
  });

  it('refuses a required field that is not there', () => {
    expect(refusal({ a: { type: 'string' } }, ['toString'])).toContain('/required: "toString" is not in properties');
  });

  it('names every contradiction at once', () => {
    const message = refusal({ a: { type: 'string', minimum: 1 }, b: { type: 'integer', minLength: 1 } });

    expect(message).toContain('/a/minimum');
    expect(message).toContain('/b/minLength');
  });

  it('takes harmless patterns', () => {
    for (const pattern of ['^(M|F)$', '^(a|b){2}c', '[|]+', '\\(a|b\\)+', '^\\p{L}+$', '^[A-Z0-9_-]{1,20}$']) {
      expect(refusal({ a: { type: 'string', pattern } })).toBe('accepted');
    }
  });

  it('tells the first faults of many', () => {
    const twice = refusal({ word: { type: 'string', enum: Array.from({ length: 1_000 }, () => 'a') } });
    expect(twice).toMatch(/enum\/20: names a value twice; and 979 more\.$/);
  });
});
