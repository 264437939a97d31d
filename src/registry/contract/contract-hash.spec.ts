import { sumRun } from '../../../test/support/stores/build-store.js';
import { contractOf, recordedContractOf } from '../../domain/contract.js';
import type { Contract } from '../../domain/contract.js';
import type { FieldSchema } from '../../domain/signature.js';
import { diffContracts } from './contract-diff.js';
import { contractHash } from './contract-hash.js';

const contractWith = (x: FieldSchema, more: Partial<Contract> = {}): Contract => ({
  signature: {
    input: { type: 'object', properties: { x }, required: ['x'] },
    output: { type: 'object', properties: { y: { type: 'number' }, z: { type: 'number' } } },
  },
  ...more,
});
const hashOf = (x: FieldSchema, more?: Partial<Contract>) => contractHash(contractWith(x, more));
const number: FieldSchema = { type: 'number' };
const text: FieldSchema = { type: 'string' };
const plain = hashOf(number);

describe('the hash of a contract', () => {
  // Clients keep it: another one for the same contract makes their `If-Contract-Match` fail.
  it.each<[string, FieldSchema, Partial<Contract>, string]>([
    ['a number', number, {}, '3e0f483d84d15686'],
    [
      'every rule of a number',
      { type: ['number', 'null'], minimum: 0, exclusiveMaximum: 9.5, multipleOf: 0.5, unit: 'm', default: 1 },
      {},
      '4e32eedf17311197',
    ],
    [
      'every rule of a text',
      { type: 'string', minLength: 1, maxLength: 9, pattern: '^a', format: 'date' },
      {},
      'c64db0b522aadfea',
    ],
    ['a list', { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 3 }, {}, 'd308a0a7341f0130'],
    ['an enum', { type: 'string', enum: ['b', 'a'] }, {}, '60b2ee4075ca595c'],
    ['outputs on request and a bare answer', number, { on_request: ['z'], primary: [] }, '658776e737a4e5cb'],
  ])('of %s stays what it is', (_what, x, more, hash) => {
    expect(hashOf(x, more)).toBe(hash);
  });

  it.each<[string, FieldSchema, FieldSchema]>([
    ['a title', number, { ...number, title: 'X' }],
    ['a description', number, { ...number, description: 'X.' }],
    ['examples', number, { ...number, examples: [1] }],
    ['a word of somebody’s own', number, { ...number, 'x-mine': 1 } as FieldSchema],
    ['a least length of nothing', text, { ...text, minLength: 0 }],
    ['a least number of no items', { type: 'array', items: number }, { type: 'array', items: number, minItems: 0 }],
    ['a step that whole numbers have anyway', { type: 'integer' }, { type: 'integer', multipleOf: 1 }],
    ['a number with whole steps, which is an integer', { type: 'integer' }, { ...number, multipleOf: 1 }],
    ['the order of an enum', { ...text, enum: ['a', 'b'] }, { ...text, enum: ['b', 'a'] }],
    ['a rule that an enum contains', { ...text, enum: ['a'] }, { ...text, enum: ['a'], maxLength: 5, pattern: '^a' }],
  ])('does not depend on %s', (_what, one, other) => {
    expect(hashOf(other)).toBe(hashOf(one));
  });

  it.each<[string, FieldSchema]>([
    ['null', { type: ['number', 'null'] }],
    ['a minimum', { ...number, minimum: 0 }],
    ['an exclusive minimum', { ...number, exclusiveMinimum: 0 }],
    ['a maximum', { ...number, maximum: 0 }],
    ['an exclusive maximum', { ...number, exclusiveMaximum: 0 }],
    ['a step', { ...number, multipleOf: 0.5 }],
    ['whole numbers', { type: 'integer' }],
    ['whole numbers in steps', { type: 'integer', multipleOf: 5 }],
    ['members', { ...number, enum: [1.5] }],
    ['a default', { ...number, default: 1 }],
    ['a unit', { ...number, unit: 'm' }],
    ['text', text],
    ['a least length', { ...text, minLength: 1 }],
    ['a longest length', { ...text, maxLength: 1 }],
    ['a pattern', { ...text, pattern: '^a' }],
    ['a format', { ...text, format: 'date' }],
    ['items', { type: 'array', items: number }],
    ['other items', { type: 'array', items: text }],
    ['a least number of items', { type: 'array', items: number, minItems: 1 }],
    ['a greatest number of items', { type: 'array', items: number, maxItems: 1 }],
  ])('depends on %s', (_what, x) => {
    const all = new Set([plain, hashOf(text), hashOf({ type: 'array', items: number }), hashOf({ type: 'integer' })]);
    const own = hashOf(x);
    const isOneOfThose = [text, { type: 'array', items: number }, { type: 'integer' }].some(
      (known) => JSON.stringify(known) === JSON.stringify(x),
    );

    expect(own).toMatch(/^[0-9a-f]{16}$/);
    expect([own === plain, all.has(own)]).toEqual([false, isOneOfThose]);
  });

  it('does not depend on what training saw, which is no difference either', () => {
    const seen = (minimum: number) => contractWith({ type: 'number', 'x-observed': { minimum, values: [minimum] } });

    expect(contractHash(seen(1))).toBe(plain);
    expect(diffContracts(seen(1), seen(2))).toEqual([]);
  });

  it('is that of the contract as it is recorded', () => {
    const run = {
      ...sumRun('a', ''),
      signature: contractWith({ type: 'number', examples: [1], 'x-observed': {} }).signature,
    };

    expect(contractHash(recordedContractOf(run))).toBe(contractHash(contractOf(run)));
  });

  it('depends on what must be sent, and on what is refused', () => {
    const { signature } = contractWith(number);
    const { input } = signature;
    const hashWith = (row: Partial<typeof input>) =>
      contractHash({ signature: { ...signature, input: { ...input, ...row } } });

    expect(hashWith({ required: [] })).not.toBe(plain);
    expect(hashWith({ required: [] })).toBe(hashWith({ required: undefined }));
    expect(hashWith({ additionalProperties: false })).not.toBe(plain);
    expect(hashWith({ additionalProperties: true })).toBe(plain);
    expect(hashWith({ properties: { x: number, a: number }, required: ['x', 'a'] })).toBe(
      hashWith({ properties: { a: number, x: number }, required: ['a', 'x'] }),
    );
  });

  it('depends on what is given to whom, unless every output is given to everybody', () => {
    expect(hashOf(number, { on_request: [] })).toBe(plain);
    expect(hashOf(number, { primary: ['z', 'y'] })).toBe(plain);
    expect(hashOf(number, { primary: ['y'] })).not.toBe(plain);
    expect(hashOf(number, { on_request: ['z'] })).not.toBe(plain);
    expect(hashOf(number, { on_request: ['z'], primary: ['y'] })).toBe(hashOf(number, { on_request: ['z'] }));
    expect(hashOf(number, { on_request: ['y', 'z'] })).toBe(hashOf(number, { on_request: ['z', 'y'] }));
    expect(hashOf(number, { primary: [] })).not.toBe(hashOf(number, { primary: ['y'] }));
  });
});
