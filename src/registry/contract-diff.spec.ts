import type { FieldSchema, RowSchema, Signature } from '../domain/signature.js';
import { contractHash } from './contract.js';
import { breakingDifferences, diffContracts } from './contract-diff.js';

const rowOf = (field: FieldSchema | undefined, rest: Partial<RowSchema> = {}): RowSchema => ({
  type: 'object',
  properties: { kept: { type: 'number' }, ...(field && { x: field }) },
  ...rest,
});
const fixed = rowOf(undefined);
const asInput = (row: RowSchema): Signature => ({ input: row, output: fixed });
const asOutput = (row: RowSchema): Signature => ({ input: fixed, output: row });
const kinds = (from: Signature, to: Signature) => diffContracts(from, to).map(({ kind }) => kind);

const number: FieldSchema = { type: 'number' };
const text: FieldSchema = { type: 'string' };
const list: FieldSchema = { type: 'array', items: number };

describe('the difference between two contracts', () => {
  // Each line is read both ways: what lets more values through may be sent but not answered, and the reverse.
  it.each<[string, FieldSchema, FieldSchema, string]>([
    ['a null that is allowed', number, { type: ['number', 'null'] }, 'type'],
    ['fractions where there were none', { type: 'integer' }, number, 'type'],
    ['another member of an enum', { ...text, enum: ['F'] }, { ...text, enum: ['M', 'F'] }, 'enum'],
    ['an enum that is lifted', { ...text, enum: ['F'] }, text, 'enum'],
    ['a smaller minimum', { ...number, minimum: 1 }, { ...number, minimum: 0 }, 'minimum'],
    ['a minimum that is lifted', { ...number, minimum: 1 }, number, 'minimum'],
    ['a greater maximum', { ...number, maximum: 1 }, { ...number, maximum: 2 }, 'maximum'],
    ['a bound that belongs to the range now', { ...number, exclusiveMaximum: 1 }, { ...number, maximum: 1 }, 'maximum'],
    ['a smaller exclusive minimum', { ...number, minimum: 1 }, { ...number, exclusiveMinimum: 0 }, 'exclusiveMinimum'],
    ['a shorter minLength', { ...text, minLength: 2 }, { ...text, minLength: 1 }, 'minLength'],
    ['a longer maxLength', { ...text, maxLength: 2 }, { ...text, maxLength: 3 }, 'maxLength'],
    ['a maxLength that is lifted', { ...text, maxLength: 2 }, text, 'maxLength'],
    ['fewer items needed', { ...list, minItems: 2 }, { ...list, minItems: 1 }, 'minItems'],
    ['more items allowed', { ...list, maxItems: 2 }, { ...list, maxItems: 9 }, 'maxItems'],
    ['a finer step', { ...number, multipleOf: 10 }, { ...number, multipleOf: 5 }, 'multipleOf'],
    ['a step that is lifted', { ...number, multipleOf: 10 }, number, 'multipleOf'],
    ['a pattern that is lifted', { ...text, pattern: '^a$' }, text, 'pattern'],
    ['a format that is lifted', { ...text, format: 'date' }, text, 'format'],
    ['wider items', { ...list, items: { type: 'integer' } }, list, 'items/type'],
  ])('%s may be sent by clients that never did, not answered to clients that never saw it', (_, narrow, wide, at) => {
    expect(kinds(asInput(rowOf(narrow)), asInput(rowOf(wide)))).toEqual(['compatible']);
    expect(kinds(asInput(rowOf(wide)), asInput(rowOf(narrow)))).toEqual(['breaking']);
    expect(kinds(asOutput(rowOf(wide)), asOutput(rowOf(narrow)))).toEqual(['compatible']);
    expect(diffContracts(asOutput(rowOf(narrow)), asOutput(rowOf(wide)))).toMatchObject([
      { kind: 'breaking', pointer: `/output/properties/x/${at}` },
    ]);
  });

  it.each<[string, FieldSchema, FieldSchema]>([
    ['another type', number, text],
    ['another pattern', { ...text, pattern: '^a$' }, { ...text, pattern: '^b$' }],
    ['another format', { ...text, format: 'date' }, { ...text, format: 'uuid' }],
    ['a step that does not fit into the other', { ...number, multipleOf: 4 }, { ...number, multipleOf: 6 }],
    ['another unit', { ...number, unit: 'years' }, { ...number, unit: 'months' }],
  ])('%s breaks clients either way', (_, one, other) => {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ]) {
      expect(kinds(asInput(rowOf(from)), asInput(rowOf(to)))).toEqual(['breaking']);
      expect(kinds(asOutput(rowOf(from)), asOutput(rowOf(to)))).toEqual(['breaking']);
    }
  });

  it.each<[string, FieldSchema, FieldSchema]>([
    ['another default', { ...number, default: 1 }, { ...number, default: 2 }],
    ['a unit that is named now', number, { ...number, unit: 'years' }],
  ])('%s breaks nobody', (_, one, other) => {
    expect(kinds(asInput(rowOf(one)), asInput(rowOf(other)))).toEqual(['compatible']);
    expect(kinds(asInput(rowOf(other)), asInput(rowOf(one)))).toEqual(['compatible']);
  });

  it.each<[string, Signature, Signature, string[]]>([
    ['an optional input added', asInput(fixed), asInput(rowOf(number)), ['compatible']],
    ['a required input added', asInput(fixed), asInput(rowOf(number, { required: ['x'] })), ['breaking']],
    ['an input removed', asInput(rowOf(number)), asInput(fixed), ['breaking']],
    [
      'an input that need not be sent any more',
      asInput({ ...fixed, required: ['kept'] }),
      asInput(fixed),
      ['compatible'],
    ],
    ['an input that must be sent now', asInput(fixed), asInput({ ...fixed, required: ['kept'] }), ['breaking']],
    ['an output added', asOutput(fixed), asOutput(rowOf(number, { required: ['x'] })), ['compatible']],
    ['an output removed', asOutput(rowOf(number)), asOutput(fixed), ['breaking']],
    ['an output that may be absent now', asOutput({ ...fixed, required: ['kept'] }), asOutput(fixed), ['breaking']],
    ['an output that is always there now', asOutput(fixed), asOutput({ ...fixed, required: ['kept'] }), ['compatible']],
    ['unknown inputs refused', asInput(fixed), asInput({ ...fixed, additionalProperties: false }), ['breaking']],
    ['unknown inputs ignored', asInput({ ...fixed, additionalProperties: false }), asInput(fixed), ['compatible']],
    ['unknown outputs possible', asOutput({ ...fixed, additionalProperties: false }), asOutput(fixed), ['compatible']],
  ])('%s', (_, from, to, expected) => {
    expect(kinds(from, to)).toEqual(expected);
  });

  it('is nothing where only words for people differ, or the order', () => {
    const from = asInput({ type: 'object', properties: { a: { ...number, title: 'A', examples: [1] }, b: text } });
    const to = asInput({
      type: 'object',
      properties: { b: text, a: { ...number, description: 'Aha.' } },
      required: [],
    });

    expect(diffContracts(from, to)).toEqual([]);
  });

  it('is told in sentences, with pointers that any name can stand in', () => {
    const odd: Signature = asInput({ type: 'object', properties: { 'a/b~c': { ...number, maximum: 150 } } });
    const tight: Signature = asInput({ type: 'object', properties: { 'a/b~c': { ...number, maximum: 100 } } });

    expect(breakingDifferences(odd, tight)).toEqual([
      {
        pointer: '/input/properties/a~1b~0c/maximum',
        kind: 'breaking',
        message: 'The input "a/b~c": at most 100 now, at most 150 before.',
      },
    ]);
  });

  it('takes a field named like a property of every object for what it is', () => {
    const named = (name: string) => asInput({ type: 'object', properties: { [name]: number } });

    expect(kinds(named('toString'), named('constructor'))).toEqual(['breaking', 'compatible']);
  });

  it('is never empty when the hashes differ by a rule', () => {
    const from = asInput(rowOf({ ...number, minimum: 0 }));
    const to = asInput(rowOf({ ...number, minimum: 0, multipleOf: 2 }));

    expect(contractHash(from)).not.toBe(contractHash(to));
    expect(diffContracts(from, to)).toHaveLength(1);
  });
});
