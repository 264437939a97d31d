import { sumRun } from '../../test/support/stores/build-store.js';
import { loadSchemaCheck } from './schema-check.js';

const check = loadSchemaCheck('run');
const run = sumRun('adder-1', '0'.repeat(64));

/** What the schema says of a run with this column or tensor. */
function linesFor(encoding: { column?: object; tensor?: object }): string[] {
  const columns = [{ kind: 'category', field: 'a', as: 'index', values: [1], unknown: 'error', ...encoding.column }];
  const tensor = { kind: 'columns', tensor: 'x', dtype: 'float32', columns, ...encoding.tensor };
  const issues = check({ ...run, encode: { tensors: [tensor] } });
  return issues.map(({ pointer, expected }) => `${pointer} ${expected}`);
}

describe('what a schema says of a value with several forms', () => {
  const unknown = '/encode/tensors/0/columns/0/unknown';

  it.each<[unknown, string]>([
    [-2, `${unknown} must be >= -1`],
    [1.5, `${unknown} must be integer`],
    ['zero', `${unknown} must be one of "error", "zeros", "nan" (did you mean "zeros"?)`],
    ['none', `${unknown} must be one of "error", "zeros", "nan"`],
    [true, `${unknown} must be "error" or "zeros" or "nan" or integer`],
  ])('is one line, of the form that fits %j best', (value, line) => {
    expect(linesFor({ column: { unknown: value } })).toEqual([line]);
  });

  it('is what an object lacks that was nearly right', () => {
    const tokens = { kind: 'tokens', dtype: 'int32', field: 'a', split: 'words', length: 3, columns: undefined };
    const of = (vocabulary: unknown) => {
      const { columns: _, ...tensor } = { ...tokens, tensor: 'x', vocabulary };
      return check({ ...run, encode: { tensors: [tensor] } }).map(({ expected }) => expected);
    };

    expect(of({ path: 'v.txt' })).toEqual(["must have required property 'sha256'"]);
    expect(of(['a', 1])).toEqual(['must be string']);
    expect(of('v.txt')).toEqual(['must be array or object']);
  });

  it.each<[object, string]>([
    [
      { decode: { kind: 'binry', labels: [0, 1], field: 'sum' } },
      '/decode needs a known "kind": "binary", "multi-class", "multi-label", "regression", "tensors", "top-k", "embedding", "interval", "heads" (did you mean "binary"?)',
    ],
    [
      { decode: { kind: 'heads', heads: [{ kind: 'classification', field: 'sum' }] } },
      '/decode/heads/0 needs a known "kind": "binary", "multi-class", "multi-label", "regression", "tensors", "top-k", "embedding", "interval"',
    ],
    [
      { encode: { tensors: [{ kind: 'column', tensor: 'x' }] } },
      '/encode/tensors/0 needs a known "kind": "columns", "tokens", "array", "image", "tokenizer", "one-of" (did you mean "columns"?)',
    ],
    [
      {
        encode: {
          tensors: [{ kind: 'columns', tensor: 'x', dtype: 'float32', columns: [{ kind: 'Number', field: 'a' }] }],
        },
      },
      '/encode/tensors/0/columns/0 needs a known "kind": "number", "category", "boolean", "date", "string", "list" (did you mean "number"?)',
    ],
    [
      { decode: { kind: 'binary', labels: [0, 1], field: 'sum', treshold: 0.3 } },
      '/decode must not have the field "treshold" (did you mean "threshold"?)',
    ],
  ])('lists the kinds and names that there are, and the one that is nearest: %j', (part, line) => {
    const found = check({ ...run, ...part }).map(({ pointer, expected }) => `${pointer} ${expected}`);

    expect(found).toEqual([line]);
  });

  it('lists the kinds where none is given', () => {
    const found = check({ ...run, decode: { field: 'sum' } }).map(({ expected }) => expected);

    expect(found).toContainEqual(expect.stringContaining('needs a known "kind": "binary", "multi-class"'));
  });

  it('names both fields where either would do', () => {
    const card = {
      name: 'adder',
      title: 'Adder',
      description: 'Adds.',
      task: 'other',
      selection: { metric: 'f1', goal: 'maximize', guardrails: [{ metric: 'f1' }] },
    };

    expect(loadSchemaCheck('card')(card)).toEqual([
      { pointer: '/selection/guardrails/0', expected: 'must have the field "minimum" or "maximum"' },
    ]);
  });
});
