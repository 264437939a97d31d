import type { Contract } from '../../domain/contract.js';
import type { RowSchema } from '../../domain/signature.js';
import { contractHash } from './contract-hash.js';
import { diffContracts } from './contract-diff.js';

const contractOf = (rest: Partial<RowSchema>, names = ['image', 'pixels', 'url']): Contract => ({
  signature: {
    input: { type: 'object', properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])), ...rest },
    output: { type: 'object', properties: { y: { type: 'number' } } },
  },
});
const oneOf = (...names: string[]): Partial<RowSchema> => ({ oneOf: names.map((name) => ({ required: [name] })) });
const kindsOf = (from: Contract, to: Contract) => diffContracts(from, to).map(({ kind }) => kind);

describe('alternatives in a contract', () => {
  it.each<[string, Contract, Contract, string[]]>([
    ['a further one', contractOf(oneOf('image', 'pixels')), contractOf(oneOf('image', 'pixels', 'url')), ['breaking']],
    [
      'a further one, of a field that is new',
      contractOf(oneOf('image', 'pixels'), ['image', 'pixels']),
      contractOf(oneOf('image', 'pixels', 'url')),
      ['compatible', 'compatible'],
    ],
    ['one that is gone', contractOf(oneOf('image', 'pixels', 'url')), contractOf(oneOf('image', 'url')), ['breaking']],
    ['all that are gone', contractOf(oneOf('image', 'pixels')), contractOf({}), ['compatible']],
    ['a choice where there was none', contractOf({}), contractOf(oneOf('image', 'pixels')), ['breaking']],
    [
      'a new field in place of the one that was required',
      contractOf({ required: ['pixels'] }, ['pixels']),
      contractOf(oneOf('image', 'pixels'), ['image', 'pixels']),
      ['compatible', 'compatible', 'compatible'],
    ],
  ])('break clients only when a row they send is refused: %s', (_what, from, to, kinds) => {
    expect(kindsOf(from, to)).toEqual(kinds);
  });

  it('are in its hash, whatever their order', () => {
    expect(contractHash(contractOf(oneOf('pixels', 'image')))).toBe(contractHash(contractOf(oneOf('image', 'pixels'))));
    expect(contractHash(contractOf(oneOf('image', 'url')))).not.toBe(
      contractHash(contractOf(oneOf('image', 'pixels'))),
    );
    expect(diffContracts(contractOf(oneOf('pixels', 'image')), contractOf(oneOf('image', 'pixels')))).toEqual([]);
  });

  it('are told in a sentence', () => {
    expect(diffContracts(contractOf({}), contractOf(oneOf('image', 'pixels')))).toEqual([
      {
        pointer: '/input/oneOf',
        kind: 'breaking',
        message: 'Rows must give exactly one of "image", "pixels" now, of nothing before.',
      },
    ]);
  });
});
