import { parseYamlMapping } from './yaml-text.js';
import { isPlainYaml } from './plain-yaml.js';

const CHARACTERS = 60_000;
const many = (part: string) => part.repeat(CHARACTERS / part.length);

describe('YAML that Python would not write', () => {
  it.each([
    ['brackets', many('[')],
    ['braces', many('{a: ')],
    ['lists of lists', many('- ')],
    ['keys that are mappings', many('? ')],
    ['keys that are mappings, line by line', Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}?`).join('\n')],
    ['entries of nothing', `a: [${many(',')}]`],
    ['anchors', many('&a ')],
    ['tags', many('!a ')],
  ])('is not read: many %s', (_what, text) => {
    expect(isPlainYaml(text)).toBe(false);
    expect(parseYamlMapping(text)).toBeUndefined();
  });

  it('does not hide what Python writes', () => {
    const text = [
      `? ${'k'.repeat(130)}`,
      ': value',
      'signature:',
      `  inputs: '[{"type": "tensor", "tensor-spec": {"shape": [-1, [1]]}}, {"name": ",,"}]'`,
      'list: &id001',
      '- - 1',
      '  - 2',
      'again: *id001',
      'empty: {}',
      "why: 'Is it so? Yes [see {this'",
    ].join('\n');

    expect(parseYamlMapping(text)).toMatchObject({ list: [['1', '2']], again: [['1', '2']], empty: {} });
  });

  it('takes of equal keys the last, without comparing each with all others', () => {
    expect(parseYamlMapping('a: 1\nb: 2\na: 3')).toEqual({ a: '3', b: '2' });
  });

  it('is not read when it is larger than a file of MLflow', () => {
    expect(parseYamlMapping(`a: ${'x'.repeat(70_000)}`)).toBeUndefined();
    expect(parseYamlMapping(`a: ${'x'.repeat(70_000)}`, 100_000)).toBeDefined();
  });
});
