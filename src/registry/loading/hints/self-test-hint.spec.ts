import { sumRun } from '../../../../test/support/stores/build-store.js';
import type { Run } from '../../../domain/run.js';
import { inWordsOf } from '../../../sources/mlflow/contract/own-words.js';
import { selfTestHint } from './self-test-hint.js';

const sum = sumRun('adder-1', '0'.repeat(64));
const examples = [
  { input: { a: 1, b: 2 }, output: { sum: 3 } },
  { input: { a: 0, b: 250 }, output: { sum: 250 } },
];

describe('a run that does not repeat its own examples', () => {
  it('is told of NaN', () => {
    expect(selfTestHint({ ...sum, examples }, [{ sum: null }, { sum: null }])).toContain('NaN among its weights');
  });

  it('is told of a scaler that may have been forgotten, by the name of a field', () => {
    expect(selfTestHint({ ...sum, examples }, [{ sum: 9 }, { sum: 9 }])).toContain('"b", for example, is not scaled');
  });

  it('is told of large numbers that float32 rounds, by the name of a field', () => {
    const timed = (a: number) => [{ input: { a, b: 250 }, output: { sum: 3 } }];
    const hintFor = (a: number) => selfTestHint({ ...sum, examples: timed(a) }, [{ sum: 9 }]);

    expect(hintFor(1_700_000_162)).toMatch(
      /^ The input "x" is float32, which cannot hold the 1700000162 of "a": it becomes 1700000128\. Train it on smaller numbers.*float64/,
    );
    expect(hintFor(1_700_000_128)).toContain('"a", for example, is not scaled');
    expect(hintFor(0.1)).toContain('"b", for example, is not scaled');
  });

  it('is told of time stamps that float32 rounds, by the name of their field', () => {
    const column = { kind: 'date', field: 'at', part: 'epoch-seconds' } as const;
    const encode = { tensors: [{ kind: 'columns', tensor: 'x', dtype: 'float32', columns: [column] }] } as const;
    const at = { input: { at: '2023-11-14T22:16:02Z' }, output: { sum: 3 } };

    const input = { type: 'object', properties: { at: { type: 'string' } } } as const;
    const signature = { ...sum.signature, input };

    expect(selfTestHint({ ...sum, encode, signature, examples: [at] }, [{ sum: 9 }])).toContain(
      'cannot hold the 1700000162 of "at": it becomes 1700000128.',
    );
  });

  it.each([1_700_000_162, 250])('is told so without a word of run.json where its owner wrote none: %i', (a) => {
    const hint = selfTestHint({ ...sum, examples: [{ input: { a, b: 1 }, output: { sum: 3 } }] }, [{ sum: 9 }]);

    expect(inWordsOf(undefined, hint)).not.toMatch(/encode|decode|subtract/);
    expect(inWordsOf(undefined, hint)).toContain('docs/mlflow.md');
  });

  it('is told of labels the wrong way round', () => {
    const run: Run = {
      ...sum,
      decode: { kind: 'binary', tensor: 'y', labels: ['no', 'yes'], field: 'label' },
      examples: [
        { input: { a: 1, b: 2 }, output: { label: 'no' } },
        { input: { a: 2, b: 2 }, output: { label: 'yes' } },
      ],
    };

    expect(selfTestHint(run, [{ label: 'yes' }, { label: 'no' }])).toContain('Every label is swapped');
    expect(selfTestHint(run, [{ label: 'no' }, { label: 'no' }])).toBe('');
  });

  it('is told of classes in a wrong order', () => {
    const decode = { kind: 'multi-class', tensor: 'y', labels: [20002, 20001, 20003], field: 'sku' } as const;
    const skus = (...values: number[]) => values.map((sku) => ({ sku }));
    const run = { ...sum, decode, examples: skus(20001, 20002, 20003).map((output) => ({ input: {}, output })) };

    expect(selfTestHint(run, skus(20002, 20001, 20003))).toContain('Labels are exchanged');
    expect(selfTestHint(run, skus(20002, 20002, 20003))).toBe('');
    expect(selfTestHint(run, skus(20001, 20002, 20003))).toBe('');
  });

  it('is told how small numbers are compared', () => {
    const small = [1e-6, 3e-6].map((output, i) => ({ input: { a: 1, b: i }, output: { sum: output } }));

    expect(selfTestHint({ ...sum, examples: small }, [{ sum: 3e-6 }, { sum: 1e-6 }])).toContain(
      'Such small numbers are held to a hundredth of the largest that the examples record',
    );
  });

  it('is told nothing where the answers fit no pattern', () => {
    expect(selfTestHint({ ...sum, examples: examples.slice(0, 1) }, [{ sum: 9 }])).toBe('');
  });
});
