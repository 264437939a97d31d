import { everyFieldRun } from '../../test/support/stores/tiny-runs.js';
import type { Run } from '../domain/run.js';
import type { FieldSchema } from '../domain/signature.js';
import { requireSmallContract } from './require-small-contract.js';

const decode = { kind: 'regression', tensor: 'y', fields: ['sum'] } as const;
const encode = { tensors: [{ kind: 'columns', tensor: 'x', dtype: 'float32', columns: [] }] } as const;
const { signature } = everyFieldRun as Run;

function refusal(fields: Record<string, FieldSchema>, columns: readonly object[] = []): string {
  const input = { ...signature.input, properties: { ...signature.input.properties, ...fields } };
  const contract = {
    signature: { ...signature, input },
    encode: { tensors: [{ ...encode.tensors[0], columns }] },
    decode,
  } as unknown as Run;
  try {
    requireSmallContract(contract);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

const patterns = (count: number, patternOf: (index: number) => string) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i): [string, FieldSchema] => [
      `f${i}`,
      { type: 'string', pattern: patternOf(i) },
    ]),
  );

describe(requireSmallContract.name, () => {
  it('takes hundreds of fields with lists of values and the same few patterns', () => {
    const enumerated = Array.from({ length: 10_000 }, (_, i) => `v${i}`);
    expect(refusal({ word: { type: 'string', enum: enumerated } })).toBe('accepted');
    expect(refusal(patterns(5_000, (i) => ['^[a-z]+$', '^\\p{L}*\\p{N}*\\p{L}$'][i % 2]!))).toBe('accepted');
  });

  it.each<[string, Record<string, FieldSchema>]>([
    ['listed values', { word: { type: 'string', enum: Array.from({ length: 100_001 }, (_, i) => `v${i}`) } }],
  ])('refuses too many %s', (_name, fields) => {
    expect(refusal(fields)).toBe('/signature, /encode and /decode hold more than 100000 values together.');
  });

  it('refuses too many columns', () => {
    const columns = Array.from({ length: 40_000 }, () => ({ kind: 'number', field: 'a' }));
    expect(refusal({}, columns)).toMatch(/hold more than 100000 values/);
  });

  it('refuses patterns that take long to compile, many or large', () => {
    const tooMuch = /^The patterns of \/signature come to more than 200000 ranges of characters/;
    expect(refusal(patterns(250, (i) => `^\\S+@\\S+${i}$`))).toMatch(tooMuch);
    expect(refusal(patterns(20, (i) => `(\\p{L}?\\p{N}?){${i + 20}}[cd]$`))).toMatch(tooMuch);
  });

  it('refuses patterns that name many properties of Unicode', () => {
    const scripts = ['Arabic', 'Greek', 'Han', 'Hebrew', 'Latin', 'Thai'];
    const named = scripts.flatMap((script) => [`\\p{Script=${script}}`, `\\P{Script=${script}}`]);
    expect(refusal({ text: { type: 'string', pattern: `^(?:${named.join('|')})$` } })).toBe(
      'The patterns of /signature name 12 properties of Unicode, and 10 are allowed.',
    );
  });
});
