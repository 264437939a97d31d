import type { Contract } from '../../domain/contract.js';
import type { FieldSchema, RowSchema } from '../../domain/signature.js';
import { contractHash } from './contract-hash.js';
import { incompatibleChanges, diffContracts } from './contract-diff.js';

const rowOf = (field: FieldSchema | undefined, rest: Partial<RowSchema> = {}): RowSchema => ({
  type: 'object',
  properties: { kept: { type: 'number' }, ...(field && { x: field }) },
  ...rest,
});
const fixed = rowOf(undefined);
const asInput = (row: RowSchema): Contract => ({ signature: { input: row, output: fixed } });
const asOutput = (row: RowSchema): Contract => ({ signature: { input: fixed, output: row } });
const kinds = (from: Contract, to: Contract) => diffContracts(from, to).map(({ kind }) => kind);

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

  it.each<[string, Contract, Contract, string[]]>([
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
    const odd = asInput({ type: 'object', properties: { 'a/b~c': { ...number, maximum: 150 } } });
    const tight = asInput({ type: 'object', properties: { 'a/b~c': { ...number, maximum: 100 } } });

    expect(incompatibleChanges(odd, tight)).toEqual([
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

  // Pairs that let the same values through: no difference, and no other hash.
  it.each<[string, FieldSchema, FieldSchema]>([
    ['a minLength of 0', text, { ...text, minLength: 0 }],
    ['a minItems of 0', list, { ...list, minItems: 0 }],
    ['a bound that a stricter one outdoes', { ...number, minimum: 0 }, { ...number, minimum: 0, exclusiveMinimum: -1 }],
    ['a step of 1 between integers', { type: 'integer' }, { type: 'integer', multipleOf: 1 }],
    ['a step of 1 that says integer', { type: 'integer' }, { ...number, multipleOf: 1 }],
    ['whole numbers above 0', { type: 'integer', minimum: 1 }, { type: 'integer', exclusiveMinimum: 0 }],
    ['whole numbers below 9.5', { type: 'integer', maximum: 9 }, { type: 'integer', exclusiveMaximum: 9.5 }],
    ['whole numbers listed', { type: 'integer', enum: [1, 2] }, { ...number, enum: [2, 1] }],
    ['bounds around an enum', { ...number, enum: [1, 2] }, { ...number, enum: [1, 2], minimum: 0, maximum: 9 }],
    ['members that a bound excludes', { ...number, enum: [1, 2] }, { ...number, enum: [1, 2, 30], maximum: 9 }],
    ['both booleans listed', { type: 'boolean' }, { type: 'boolean', enum: [true, false] }],
    [
      'null allowed by the type that the enum leaves out',
      { type: 'string', enum: ['a'] },
      { type: ['string', 'null'], enum: ['a'] },
    ],
  ])('is nothing, and neither is that of the hashes, for %s', (_, one, other) => {
    for (const asSide of [asInput, asOutput]) {
      const [from, to] = [asSide(rowOf(one)), asSide(rowOf(other))];
      expect([diffContracts(from, to), diffContracts(to, from)]).toEqual([[], []]);
      expect(contractHash(from)).toBe(contractHash(to));
    }
  });

  it('is nothing between additionalProperties that are allowed and ones that are not mentioned', () => {
    const [from, to] = [asInput(fixed), asInput({ ...fixed, additionalProperties: true })];

    expect(diffContracts(from, to)).toEqual([]);
    expect(contractHash(from)).toBe(contractHash(to));
  });

  it.each<[string, FieldSchema, FieldSchema]>([
    ['a range around what an enum listed', { ...number, enum: [1, 2] }, { ...number, minimum: 0, maximum: 9 }],
    ['a step that only decimals show to be finer', { ...number, multipleOf: 0.3 }, { ...number, multipleOf: 0.1 }],
    ['a step of halves for whole numbers', { type: 'integer' }, { ...number, multipleOf: 0.5 }],
    ['no step for whole numbers', { type: 'integer', multipleOf: 5 }, number],
    ['a step lifted to whole numbers', { ...number, multipleOf: 10 }, { type: 'integer' }],
  ])('%s lets more through than before', (_, narrow, wide) => {
    expect(new Set(kinds(asInput(rowOf(narrow)), asInput(rowOf(wide))))).toEqual(new Set(['compatible']));
    expect(new Set(kinds(asInput(rowOf(wide)), asInput(rowOf(narrow))))).toEqual(new Set(['breaking']));
  });

  it('names the members of an enum that a range leaves out', () => {
    const from = asInput(rowOf({ ...number, enum: [1, 20] }));
    const to = asInput(rowOf({ ...number, maximum: 9 }));

    expect(incompatibleChanges(from, to)).toEqual([
      { pointer: '/input/properties/x/enum', kind: 'breaking', message: 'The input "x" can no longer be 20.' },
    ]);
  });

  it.each<[string, Contract, Contract]>([
    ['a field that is required now', asInput(rowOf(number)), asInput(rowOf(number, { required: ['x'] }))],
    ['the only required field gone', asOutput(rowOf(number, { required: ['x'] })), asOutput(rowOf(number))],
    ['a field gone', asInput(rowOf(number)), asInput(fixed)],
    ['a field added', asInput(fixed), asInput(rowOf(number))],
    [
      'an exclusive bound',
      asInput(rowOf({ type: 'integer' })),
      asInput(rowOf({ type: 'integer', exclusiveMinimum: 0 })),
    ],
    ['a step dropped with the type', asInput(rowOf({ type: 'integer', multipleOf: 5 })), asInput(rowOf(number))],
    ['a type', asInput(rowOf({ type: 'integer' })), asInput(rowOf(number))],
    ['unknown fields refused', asInput(fixed), asInput({ ...fixed, additionalProperties: false })],
    ['a default gone', asInput(rowOf({ ...number, default: 1 })), asInput(rowOf(number))],
  ])('points into the candidate, or for what it lacks into the served contract: %s', (_, from, to) => {
    const pointers = diffContracts(from, to).map(({ pointer }) => pointer);

    expect(pointers.length).toBeGreaterThan(0);
    for (const pointer of pointers) expect(at(to, pointer) ?? at(from, pointer)).toBeDefined();
  });

  describe('in which outputs are given without asking', () => {
    const output = rowOf(number);
    const giving = (rest: Partial<Contract>): Contract => ({ ...asOutput(output), on_request: [], ...rest });

    it('is breaking when clients have to ask for what they got', () => {
      expect(diffContracts(giving({}), giving({ on_request: ['x'] }))).toEqual([
        {
          pointer: '/output/properties/x',
          kind: 'breaking',
          message: 'The output "x" is given on request only now.',
        },
      ]);
    });

    it('is compatible when clients get what they had to ask for', () => {
      expect(diffContracts(giving({ on_request: ['x'] }), giving({}))).toEqual([
        { pointer: '/output/properties/x', kind: 'compatible', message: 'The output "x" is always given now.' },
      ]);
    });

    it('is breaking for a field that leaves the bare answer, compatible for one that joins it', () => {
      const [both, one] = [giving({ primary: ['kept', 'x'] }), giving({ primary: ['kept'] })];

      expect(diffContracts(both, one)).toEqual([
        {
          pointer: '/output/properties/x',
          kind: 'breaking',
          message: 'The output "x" is no longer part of the bare answer.',
        },
      ]);
      expect(kinds(one, both)).toEqual(['compatible']);
    });

    it('is another hash, but for the order of names', () => {
      const hashes = [
        giving({ primary: ['kept', 'x'] }),
        giving({ primary: ['kept'] }),
        giving({ on_request: ['x'], primary: ['kept'] }),
      ].map(contractHash);

      expect(new Set(hashes).size).toBe(3);
      expect(contractHash(giving({ primary: ['x', 'kept'] }))).toBe(hashes[0]);
    });

    it('is unknown, which is no difference, for a contract written down before this was', () => {
      const old = asOutput(output);

      expect(diffContracts(old, giving({ on_request: ['x'], primary: ['kept'] }))).toEqual([]);
    });

    it('is told once for a field that is gone or new', () => {
      const without = { ...asOutput(fixed), on_request: [], primary: ['kept'] };

      expect(kinds(giving({ primary: ['kept', 'x'] }), without)).toEqual(['breaking']);
      expect(kinds(without, giving({ primary: ['kept', 'x'] }))).toEqual(['compatible']);
    });
  });

  it('has the hash of its signature alone where every output is given to everybody', () => {
    const whole = { ...asOutput(rowOf(number)), on_request: [], primary: ['kept', 'x'] };

    expect(contractHash(whole)).toBe(contractHash(asOutput(rowOf(number))));
  });
});

/** What a JSON pointer leads to in the signature of a contract. */
function at({ signature }: Contract, pointer: string): unknown {
  const keys = pointer.split('/').slice(1);
  return keys.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], signature);
}
