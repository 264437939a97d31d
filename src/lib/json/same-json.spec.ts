import { isSameJson } from './same-json.js';

describe('two values of JSON', () => {
  it.each([
    [1, 1],
    ['a', 'a'],
    [null, null],
    [NaN, NaN],
    [10n ** 20n, 10n ** 20n],
    [[], []],
    [{ a: [1, { b: null }] }, { a: [1, { b: null }] }],
    [JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":1}')],
  ])('are written alike: %p and %p', (a, b) => {
    expect(isSameJson(a, b)).toBe(true);
  });

  it.each([
    [0, -0],
    [1, '1'],
    [1, 1n],
    [null, {}],
    [[], {}],
    [{}, []],
    [[1], [1, 2]],
    [{ a: 1 }, { b: 1 }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
    [JSON.parse('{"__proto__":1}'), {}],
  ])('are not: %p and %p', (a, b) => {
    expect(isSameJson(a, b)).toBe(false);
  });
});
