import type { JsonObject } from '../lib/json.js';
import { compareOutput } from './examples-match.js';

const TOLERANCE = 1e-4;

describe('compareOutput', () => {
  it.each<[JsonObject, JsonObject]>([
    [{ a: 1, b: 2 }, { a: 1 }],
    [{ a: 1.00009 }, { a: 1 }],
    [{ a: 1000.09 }, { a: 1000 }],
    [{ a: null }, { a: NaN }],
    [{ a: NaN }, { a: null }],
    [{ a: null }, { a: Infinity }],
    [{ a: 5n }, { a: 5 }],
    [
      { a: ['x', 'y'], b: { c: [0.5, null] } },
      { a: ['x', 'y'], b: { c: [0.50001, null] } },
    ],
    [
      { a: true, b: 'x' },
      { a: true, b: 'x' },
    ],
  ])('finds that %p matches %p', (actual, expected) => {
    expect(compareOutput(actual, expected, TOLERANCE)).toBeUndefined();
  });

  it.each<[JsonObject, JsonObject, string]>([
    [{ a: 1.0002 }, { a: 1 }, 'The field "a" should be 1 and is 1.0002.'],
    [{}, { a: 1 }, 'The field "a" should be 1 and is missing.'],
    [{}, { a: null }, 'The field "a" should be null and is missing.'],
    [{}, { toString: 1 }, 'The field "toString" should be 1 and is missing.'],
    [{ a: null }, { a: 0 }, 'The field "a" should be 0 and is null.'],
    [{ a: 0 }, { a: null }, 'The field "a" should be null and is 0.'],
    [{ a: 1 }, { a: true }, 'The field "a" should be true and is 1.'],
    [{ a: '1' }, { a: 1 }, 'The field "a" should be 1 and is "1".'],
    [{ a: ['y', 'x'] }, { a: ['x', 'y'] }, 'The field "a[0]" should be "x" and is "y".'],
    [{ a: ['x'] }, { a: ['x', 'y'] }, 'The field "a" should have 2 items and has 1: ["x"].'],
    [{ a: { b: [1, { c: 2 }] } }, { a: { b: [1, { c: 3 }] } }, 'The field "a.b[1].c" should be 3 and is 2.'],
    [{ a: 1 }, { a: { b: 1 } }, 'The field "a" should be {"b":1} and is 1.'],
    [{ a: [1] }, { a: { 0: 1 } }, 'The field "a" should be {"0":1} and is [1].'],
  ])('tells how %p differs from %p', (actual, expected, sentence) => {
    expect(compareOutput(actual, expected, TOLERANCE)).toBe(sentence);
  });

  it('tells int64 values apart when nothing is tolerated', () => {
    expect(compareOutput({ a: 9007199254740993n }, { a: 9007199254740992n }, 0)).toBe(
      'The field "a" should be "9007199254740992" and is "9007199254740993".',
    );
  });

  it('keeps its sentence short', () => {
    expect(compareOutput({ a: 'x'.repeat(1000) }, { a: 'y' }, TOLERANCE)!.length).toBeLessThan(150);
  });
});
