import type { FieldSchema } from '../domain/signature.js';
import { maxCharactersToMatch } from './matching-cost.js';

const row = (properties: Record<string, FieldSchema>) => ({ type: 'object', properties }) as const;

describe('how many characters are held against patterns while others wait', () => {
  it('is any number where no pattern costs more than reading does', () => {
    expect(maxCharactersToMatch(row({ a: { type: 'string', pattern: '^[a-z]+$' }, b: { type: 'number' } }))).toBe(
      Infinity,
    );
    expect(maxCharactersToMatch(row({}))).toBe(Infinity);
  });

  it('is fewer the larger the largest pattern is, of lists, too', () => {
    const small = { type: 'string', pattern: '^(a|a)*$' } as const;
    const large = { type: 'string', pattern: '.*a.{900}[cd]$' } as const;

    expect(maxCharactersToMatch(row({ small, large }))).toBeCloseTo(1_500_000 / 903, 0);
    expect(maxCharactersToMatch(row({ small, list: { type: 'array', items: large } }))).toBeCloseTo(1_500_000 / 903, 0);
    expect(maxCharactersToMatch(row({ small }))).toBeGreaterThan(500_000);
  });

  it('is that of the largest pattern there is where the run is not known', () => {
    maxCharactersToMatch(row({ a: { type: 'string', pattern: '.*a.{900}[cd]$' } }));

    expect(maxCharactersToMatch(undefined)).toBeLessThan(1_700);
  });
});
