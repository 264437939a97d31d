import { lastObjectAt, valueAt } from './property-path.js';

const report = {
  overall: { f1: 0.5, zero: 0, nothing: null },
  class: { 'node.js': { f1: 0.25 }, node: { other: 1 } },
  'a.b': { c: 1 },
  a: { 'b.c': 2 },
};

describe('valueAt', () => {
  it.each([
    ['overall.f1', 0.5],
    ['overall.zero', 0],
    ['overall.nothing', null],
    ['class.node.js.f1', 0.25],
    ['class.node.other', 1],
    ['a.b.c', 1],
  ])('finds %s, dots inside keys included', (path, value) => {
    expect(valueAt(report, path)).toBe(value);
  });

  it.each([
    '',
    '.',
    'overall.',
    '.overall',
    'overall.f1.x',
    'nope',
    '__proto__',
    'overall.toString',
    'class.node.js.f1.',
  ])('finds nothing at "%s"', (path) => {
    expect(valueAt(report, path)).toBeUndefined();
  });

  it('comes to an end with a path of many dots', () => {
    expect(valueAt(report, 'overall.'.repeat(2_000))).toBeUndefined();
  });
});

describe('deepestObjectAt', () => {
  it('says how far a path leads and what is there', () => {
    expect(lastObjectAt(report, 'overall.f1.x')).toEqual({ path: 'overall', keys: ['f1', 'zero', 'nothing'] });
    expect(lastObjectAt(report, 'nope.x')).toEqual({ path: '', keys: ['overall', 'class', 'a.b', 'a'] });
  });
});
