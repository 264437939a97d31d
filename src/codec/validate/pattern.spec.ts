import { MAX_MATCHED_LENGTH, PatternError, compilePattern } from './pattern.js';
import { compileRe2 } from './patterns/re2-pattern.js';
import { readPattern } from './patterns/read-pattern.js';

/** Which engine matches a pattern; null when it is refused. */
function engineOf(pattern: string): 'own' | 're2' | null {
  try {
    return compilePattern(pattern).maxLength === Infinity ? 'own' : 're2';
  } catch (error) {
    if (error instanceof PatternError) return null;
    throw error;
  }
}

/** Patterns with which JavaScript's own engine takes exponential or polynomial time, and a text that shows it. */
const HOSTILE: readonly (readonly [pattern: string, text: string])[] = [
  ['^((a|a)){1,40}$', `${'a'.repeat(39)}b`],
  ['(a|a){0,30}c', 'a'.repeat(30)],
  ['^([a-z]|x){1,40}$', `${'x'.repeat(39)}!`],
  ['^(a|a?)+$', `${'a'.repeat(30)}b`],
  ['(a+)+$', `${'a'.repeat(40)}b`],
  ['^(a*)*b', 'a'.repeat(40)],
  ['^(?:a|ab)(?:c|bcd)*$', 'abcd'.repeat(30)],
  ['^\\d*\\d*\\d*\\d*$', `${'1'.repeat(2000)}x`],
  ['\\d*\\d*\\d*$', `${'1'.repeat(2000)}x`],
  ['(.*)(.*)(.*)x', 'a'.repeat(3000)],
  ['(.*)(.*)x', 'a'.repeat(3000)],
  ['\\s*\\s*\\s*$', `x${' '.repeat(3000)}y`],
  ['a*a*a*a*a*a*b', 'a'.repeat(200)],
  ['a*a*a*a*b', 'a'.repeat(200)],
  ['(x+x+)y', 'x'.repeat(5000)],
  ['^(a?){25}a{25}$', 'a'.repeat(24)],
  ['^(a{1,20}){1,20}$', `${'a'.repeat(60)}b`],
  ['(a+){2,9}b', 'a'.repeat(50)],
  ['(?:a?a?a?a?a?a?a?a?){3}b', 'a'.repeat(50)],
  ['^(?:(?:)|(?:)){30}x', 'y'],
  ['[a-z]+@', 'a'.repeat(50_000)],
  ['^(\\w+\\s?)*$', `${'word '.repeat(20)}!`],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'.repeat(40)],
  ['(a|b|ab)*c', 'ab'.repeat(30)],
];

const PLAIN = [
  '^[A-Z]{2}\\d{4}$',
  '^\\d{4}-\\d{2}-\\d{2}(T.*)?$',
  '^[A-Za-z][A-Za-z0-9_]{0,29}$',
  '^(male|max|mid)$',
  '^https?://.+$',
  '^.{0,5000}$',
  '^[^@]+@[^@.]+\\.[a-z]{2,}$',
  '^-?\\d+(,\\d+)*$',
  '^([0-9a-f]{2}:){5}[0-9a-f]{2}$',
  '\\S',
  '^$',
  'cat|dog',
  '^(?:[a-z]+-)*\\d+$',
];

describe(compilePattern.name, () => {
  it.each(HOSTILE)('does not match %s with an engine that tries one way after the other', (pattern, text) => {
    expect(engineOf(pattern)).toBe('re2');
    expect(typeof compilePattern(pattern).test(text)).toBe('boolean');
  });

  it.each(PLAIN)('leaves %s to the own engine, which surely takes linear time', (pattern) => {
    expect(engineOf(pattern)).toBe('own');
  });

  it('means the same with both engines', () => {
    const patterns = [
      ...PLAIN.filter((pattern) => pattern !== '^.{0,5000}$'),
      ...HOSTILE.map(([pattern]) => pattern).filter((pattern) => !/\{\d/.test(pattern)),
    ];
    patterns.push(
      '\\bword\\b',
      '^\\p{L}+$',
      '^\\P{Lu}*$',
      '[^\\d\\s]',
      '^[\\w.-]+$',
      '^.$',
      'a.c',
      '[]',
      '[^]',
      '\\u00e9',
    );
    patterns.push(
      '^\\p{Script=Greek}+$',
      '\\x41',
      '^\\u{1f600}$',
      '[\\]\\\\^-]',
      '^(?<year>\\d{4})$',
      'a{2}|b{2,}|c{0,2}$',
    );
    const texts = [
      '',
      'a',
      'word',
      'two words',
      'AB1234',
      '2026-11-26T1',
      'a@b.de',
      '1,2,3',
      'é',
      'É',
      '😀',
      'αβγ',
      'ab\nc',
    ];
    texts.push(
      'a\rc',
      'a\u2028c',
      '\u00a0',
      '\u180e',
      '\ufeff',
      '\u0000',
      '-',
      '00:1b:2c:3d:4e:5f',
      'cats',
      'x'.repeat(30),
      'aa',
      'bbb',
    );
    for (const pattern of patterns) {
      const own = new RegExp(pattern, 'u');
      const { test: linear } = compileRe2(readPattern(pattern, true));
      for (const text of texts) expect([pattern, text, linear(text)]).toEqual([pattern, text, own.test(text)]);
    }
  });

  it.each([
    ['(a)\\1', 'refers back'],
    ['(?<n>a)\\k<n>', 'refers back'],
    ['^(?=.*\\d).+$', 'looks ahead or behind'],
    ['(?<!a)b', 'looks ahead or behind'],
    ['(', 'is not a regular expression'],
    ['(a|ab){1,2000}b', 'minLength and maxLength'],
    ['a'.repeat(2_001), 'longer than 2000 characters'],
  ])('refuses %s in words that say what to do', (pattern, words) => {
    expect(() => compilePattern(pattern)).toThrow(words);
  });

  it('takes patterns that escape what needs no escape, as older ones do', () => {
    expect(compilePattern('^\\d{2}\\-\\d{2}$').test('12-34')).toBe(true);
  });

  it('says how long a text may be that it matches with RE2', () => {
    expect(compilePattern('^(a|a)*$').maxLength).toBe(MAX_MATCHED_LENGTH);
    expect(compilePattern('.*a.{900}[cd]$')).toMatchObject({ maxLength: 1_661, stepsPerCharacter: 903 });
    expect(compilePattern('^a+$')).toMatchObject({ maxLength: Infinity, stepsPerCharacter: 0 });
  });
});

describe('parts of a pattern that take no character', () => {
  it.each([
    ['^a*b*c*(?:){4294967295}$', 'abc', 'x'],
    ['^(?:(?:(?:(?:){90}){90}){90}){90}a*a*b$', 'aab', 'x'],
    ['^(?:a{0}){4294967295}(b|b)$', 'b', 'a'],
    ['^(?:(?:\\b){4294967295}|x)(a|a)', 'a', '-'],
    ['^(?:\\b){0,4294967295}(a|a)$', 'a', 'b'],
    ['^(?:(?:(?:(?:|){90}){90}){90}){90}b$', 'b', 'a'],
    ['^(?:|\\b){4294967295}b*b*$', 'b', 'a'],
  ])('are not repeated: %s', (pattern, match, other) => {
    const { test } = compilePattern(pattern);
    expect([test(match), test(other)]).toEqual([true, false]);
  });

  it('leave proofs short that would compare every two of hundreds of alternatives', () => {
    const letters = Array.from({ length: 490 }, (_, i) => String.fromCharCode(0x4e00 + i));
    expect(engineOf(`^(${letters.join('|')})*$`)).toBe('re2');
  });
});
