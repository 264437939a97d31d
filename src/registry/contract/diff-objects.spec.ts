import type { Contract } from '../../domain/contract.js';
import type { OutputFieldSchema } from '../../domain/signature.js';
import { diffContracts } from './contract-diff.js';
import { contractHash } from './contract-hash.js';

const contract = (x: OutputFieldSchema): Contract => ({
  signature: {
    input: { type: 'object', properties: {} },
    output: { type: 'object', properties: { x } },
  },
});
const differences = (from: OutputFieldSchema, to: OutputFieldSchema) =>
  diffContracts(contract(from), contract(to)).map(({ kind, message, pointer }) => [kind, message, pointer]);
const object = (rest: Omit<OutputFieldSchema, 'type'>): OutputFieldSchema => ({ type: 'object', ...rest });
const number = { type: 'number' } as const;

describe('the difference between two outputs that are objects', () => {
  it.each<[string, OutputFieldSchema, OutputFieldSchema, string, string, string]>([
    [
      'a member that is gone',
      object({ properties: { a: number } }),
      object({}),
      'breaking',
      'The output "x", member "a", is gone.',
      'properties/a',
    ],
    [
      'a member that is new',
      object({}),
      object({ properties: { a: number } }),
      'compatible',
      'The output "x", member "a", is new.',
      'properties/a',
    ],
    [
      'a member of another type',
      object({ properties: { a: number } }),
      object({ properties: { a: { type: 'string' } } }),
      'breaking',
      'The output "x", member "a" is of type string, not number.',
      'properties/a/type',
    ],
    [
      'a member that may be absent',
      object({ properties: { a: number }, required: ['a'] }),
      object({ properties: { a: number } }),
      'breaking',
      'The output "x", member "a", may be absent now.',
      'properties/a',
    ],
    [
      'a member that is always there',
      object({ properties: { a: number } }),
      object({ properties: { a: number }, required: ['a'] }),
      'compatible',
      'The output "x", member "a", is always there now.',
      'properties/a',
    ],
    [
      'members by other names of another type',
      object({ additionalProperties: number }),
      object({ additionalProperties: { type: ['number', 'null'] } }),
      'breaking',
      'Each other member of the output "x" may be null now.',
      'additionalProperties/type',
    ],
    [
      'no members by other names',
      object({ additionalProperties: number }),
      object({}),
      'breaking',
      'The output "x" has no members by other names now.',
      'additionalProperties',
    ],
    [
      'several types',
      { type: ['integer', 'string'] },
      number,
      'breaking',
      'The output "x" is of type number, not integer or string.',
      'type',
    ],
  ])('tells of %s', (_what, from, to, kind, message, at) => {
    expect(differences(from, to)).toEqual([[kind, message, `/output/properties/x/${at}`]]);
    expect(contractHash(contract(from))).not.toBe(contractHash(contract(to)));
  });

  it('is none where words, or the order of required members, are other ones', () => {
    const one = object({ properties: { a: { ...number, description: 'A.' }, b: number }, required: ['a', 'b'] });
    const other = object({ properties: { b: number, a: { ...number, title: 'a' } }, required: ['b', 'a'] });

    expect(differences(one, other)).toEqual([]);
    expect(contractHash(contract(one))).toBe(contractHash(contract(other)));
  });

  it('is harmless where an object of known members may have others', () => {
    const one = object({ properties: { a: number } });

    expect(differences(one, object({ additionalProperties: number }))).toMatchObject([
      ['compatible', expect.stringContaining('may have members by other names'), expect.anything()],
    ]);
  });
});
