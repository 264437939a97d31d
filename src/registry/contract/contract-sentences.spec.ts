import type { Contract } from '../../domain/contract.js';
import type { FieldSchema, RowSchema } from '../../domain/signature.js';
import { diffContracts } from './contract-diff.js';

const rowOf = (properties: Record<string, FieldSchema>, rest: Partial<RowSchema> = {}): RowSchema => ({
  type: 'object',
  properties,
  ...rest,
});
const fixed = rowOf({ kept: { type: 'number' } });
const input = (properties: Record<string, FieldSchema>, rest?: Partial<RowSchema>): Contract => ({
  signature: { input: rowOf(properties, rest), output: fixed },
});
const output = (more: Partial<Contract> = {}, rest?: Partial<RowSchema>): Contract => ({
  signature: { input: fixed, output: rowOf({ y: { type: 'number' } }, rest) },
  ...more,
});
const sentences = (from: Contract, to: Contract) => diffContracts(from, to).map(({ message }) => message);
const locations = (from: Contract, to: Contract) => diffContracts(from, to).map(({ pointer }) => pointer);

const number: FieldSchema = { type: 'number' };
const text: FieldSchema = { type: 'string' };
const list: FieldSchema = { type: 'array', items: number };

describe('a difference between two contracts in words', () => {
  it.each<[FieldSchema, FieldSchema, string, string]>([
    [number, { type: ['number', 'null'] }, 'may be null now.', 'is never null now.'],
    [
      { type: ['string', 'null'], enum: ['a'] },
      { type: ['string', 'null'], enum: ['a', null] },
      'may be null now.',
      'is never null now.',
    ],
    [number, text, 'is of type string, not number.', 'is of type number, not string.'],
  ])('says of a field that it %j became %j', (one, other, there, back) => {
    expect(sentences(input({ x: one }), input({ x: other }))).toEqual([`The input "x" ${there}`]);
    expect(sentences(input({ x: other }), input({ x: one }))).toEqual([`The input "x" ${back}`]);
  });

  it.each<[FieldSchema, FieldSchema, string]>([
    [number, { ...number, minimum: 0 }, 'at least 0 now, no minimum before.'],
    [number, { ...number, maximum: 9 }, 'at most 9 now, no maximum before.'],
    [{ ...number, minimum: 1 }, { ...number, exclusiveMinimum: 2 }, 'above 2 now, at least 1 before.'],
    [{ ...number, exclusiveMaximum: 1 }, { ...number, maximum: 2 }, 'at most 2 now, below 1 before.'],
    [text, { ...text, minLength: 2 }, 'minLength 2 now, none before.'],
    [{ ...text, maxLength: 2 }, text, 'maxLength none now, 2 before.'],
    [{ ...list, minItems: 1 }, { ...list, minItems: 3 }, 'minItems 3 now, 1 before.'],
    [number, { ...number, multipleOf: 0.5 }, 'multiples of 0.5 now, of anything before.'],
    [{ ...number, multipleOf: 0.5 }, number, 'multiples of anything now, of 0.5 before.'],
    [text, { ...text, pattern: '^a$' }, 'pattern ^a$ now, none before.'],
    [{ ...text, format: 'date' }, text, 'format none now, date before.'],
    [number, { ...number, unit: 'years' }, 'in years now, in no named unit before.'],
    [{ ...number, unit: 'years' }, number, 'in no named unit now, in years before.'],
  ])('says of the rule that it changed: %j, then %j', (one, other, sentence) => {
    expect(sentences(input({ x: one }), input({ x: other }))).toEqual([`The input "x": ${sentence}`]);
  });

  it.each<[FieldSchema, FieldSchema, string[]]>([
    [{ ...text, enum: ['a', 'b'] }, { ...text, enum: ['b', 'c'] }, ['can no longer be "a".', 'can be "c" now.']],
    [{ ...text, enum: ['a'] }, text, ['may have other values than "a" now.']],
    [text, { ...text, enum: ['a', 'b'] }, ['may only be one of "a", "b" now.']],
    [text, { ...text, enum: [] }, ['may only be one of nothing now.']],
    [
      { type: 'integer' },
      { type: 'integer', enum: [1, 2n ** 60n] },
      ['may only be one of 1, 1152921504606846976 now.'],
    ],
    [{ ...number, default: 1 }, { ...number, default: 2 }, ['has another default.']],
  ])('lists values: %j, then %j', (one, other, expected) => {
    const all = expected.map((sentence) => `The input "x" ${sentence}`);

    expect(sentences(input({ x: one }), input({ x: other }))).toEqual(all);
  });

  it('shows ten values of a long list and says that there are more', () => {
    const members = (count: number) => ({ ...text, enum: Array.from({ length: count }, (_, i) => `m${i}`) });
    const ten = members(10).enum.map((value) => `"${value}"`);

    expect(sentences(input({ x: text }), input({ x: members(10) }))).toEqual([
      `The input "x" may only be one of ${ten.join(', ')} now.`,
    ]);
    expect(sentences(input({ x: text }), input({ x: members(11) }))).toEqual([
      `The input "x" may only be one of ${ten.join(', ')}, … now.`,
    ]);
  });

  it('names items after their field, and compares them where both contracts describe them', () => {
    const whole: FieldSchema = { type: 'array', items: { type: 'integer' } };

    expect(sentences(input({ x: list }), input({ x: whole }))).toEqual([
      'Each item of the input "x" is of type integer, not number.',
    ]);
    expect(sentences(input({ x: list }), input({ x: { type: 'array' } }))).toEqual([]);
  });

  it.each<[string, Contract, Contract, string, string]>([
    ['gone', input({ x: number }), input({}), 'The input "x" is gone.', '/input/properties/x'],
    ['new', input({}), input({ x: number }), 'The input "x" is new.', '/input/properties/x'],
    [
      'new and required',
      input({}),
      input({ x: number }, { required: ['x'] }),
      'The input "x" is new and required.',
      '/input/properties/x',
    ],
    [
      'required now',
      input({ x: number }),
      input({ x: number }, { required: ['x'] }),
      'The input "x" is required now.',
      '/input/properties/x',
    ],
    [
      'optional now',
      input({ x: number }, { required: ['x'] }),
      input({ x: number }),
      'The input "x" may be absent now.',
      '/input/properties/x',
    ],
    [
      'refused extras',
      input({}),
      input({}, { additionalProperties: false }),
      'Unknown inputs are refused now.',
      '/input/additionalProperties',
    ],
    [
      'ignored extras',
      input({}, { additionalProperties: false }),
      input({}),
      'Unknown inputs are ignored now.',
      '/input/additionalProperties',
    ],
    [
      'possible extras',
      output({}, { additionalProperties: false }),
      output(),
      'Unknown outputs are possible now.',
      '/output/additionalProperties',
    ],
    [
      'excluded extras',
      output(),
      output({}, { additionalProperties: false }),
      'Unknown outputs are excluded now.',
      '/output/additionalProperties',
    ],
    [
      'asked for',
      output({ on_request: [] }),
      output({ on_request: ['y'] }),
      'The output "y" is given on request only now.',
      '/output/properties/y',
    ],
    [
      'bare',
      output({ primary: [] }),
      output({ primary: ['y'] }),
      'The output "y" is part of the bare answer now.',
      '/output/properties/y',
    ],
    [
      'not bare',
      output({ primary: ['y'] }),
      output({ primary: [] }),
      'The output "y" is no longer part of the bare answer.',
      '/output/properties/y',
    ],
  ])('says of a whole field: %s', (_what, from, to, sentence, pointer) => {
    expect(sentences(from, to)).toEqual([sentence]);
    expect(locations(from, to)).toEqual([pointer]);
  });

  it('says nothing of what one of the contracts leaves open', () => {
    expect(sentences(output(), output({ on_request: ['y'], primary: ['y'] }))).toEqual([]);
    expect(sentences(output({ on_request: ['y'], primary: ['y'] }), output())).toEqual([]);
  });

  it('points to the rule of a field that changed', () => {
    const both = (one: FieldSchema, other: FieldSchema) => locations(input({ x: one }), input({ x: other }));

    expect(both({ ...number, unit: 'm' }, { ...number, unit: 'km' })).toEqual(['/input/properties/x/unit']);
    expect(both({ ...number, default: 1 }, { ...number, default: 2 })).toEqual(['/input/properties/x/default']);
    expect(both({ ...number, minimum: 1 }, number)).toEqual(['/input/properties/x/minimum']);
    expect(both(number, text)).toEqual(['/input/properties/x/type']);
  });
});
