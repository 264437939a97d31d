import { sumRun } from '../../../../test/support/stores/build-store.js';
import type { Run } from '../../../domain/run.js';
import type { JsonObject } from '../../../lib/json/json.js';
import { inWordsOf } from '../../../sources/mlflow/contract/own-words.js';
import { selfTestHint } from './self-test-hint.js';

const sum = sumRun('adder-1', '0'.repeat(64));
/** Large inputs that nothing scales: a scaler would be blamed if the examples proved nothing. */
const input = { a: 1, b: 250 };
const GIVEN = [0.31, 1.27, 2.2, 3.91, 4.4, 5.13];

const runOf = (decode: Run['decode'], recorded: readonly JsonObject[]): Run => {
  const names = Object.keys(recorded[0]!);
  const properties = Object.fromEntries(names.map((name) => [name, name === 'y' ? { type: 'number' as const } : {}]));
  return {
    ...sum,
    decode,
    signature: { ...sum.signature, output: { type: 'object', properties } },
    examples: recorded.map((output) => ({ input, output })),
  };
};
const regression = { kind: 'regression', tensor: 'y', fields: ['y'] } as const;
const hintFor = (step: (given: number) => number, decode: Run['decode'] = regression) =>
  selfTestHint(
    runOf(
      decode,
      GIVEN.map((given) => ({ y: step(given) })),
    ),
    GIVEN.map((y) => ({ y })),
  );

describe('what training did to the numbers of a model, and its export does not', () => {
  it.each<[string, (given: number) => number]>([
    ['the exponential of', Math.exp],
    ['the exponential, less 1, of', Math.expm1],
    ['the square of', (given) => given ** 2],
    ['10 to the power of', (given) => 10 ** given],
    ['the sigmoid of', (given) => 1 / (1 + Math.exp(-given))],
    ['the logarithm of', Math.log],
  ])('is told by its name: %s what the model gives', (name, step) => {
    const hint = hintFor(step);

    expect(hint).toContain(`Every recorded "y" is ${name} what the model gives`);
    expect(hint).toContain('Add the step to the graph (docs/run-format.md, "Exports to ONNX")');
    expect(inWordsOf(undefined, hint)).toContain(`is ${name} what the model gives`);
  });

  it('is told with the numbers that scale a target', () => {
    expect(hintFor((given) => given * 77 + 150)).toContain('Set "multiply": 77, "add": 150 in decode');
    expect(hintFor((given) => given * 1000)).toContain('is 1000 × what the model gives: the trainer scaled the target');
    expect(hintFor((given) => -given)).toContain('Set "multiply": -1 in decode');
    expect(hintFor((given) => given * 3, { ...regression, multiply: 2, add: 1 })).toContain(
      'Set "multiply": 6, "add": 3',
    );
    expect(
      inWordsOf(
        undefined,
        hintFor((given) => given * 77 + 150),
      ),
    ).not.toContain('decode');
    expect(hintFor((given) => given * 100, { kind: 'tensors', fields: { y: 'y' } })).toContain(
      'is 100 × what the model gives: record it in the unit of the model.',
    );
  });

  it('is told to be the softmax of a list', () => {
    const lists = [
      [1, 2],
      [0.5, -1],
      [3, 1],
    ];
    const softmax = (list: readonly number[]) => {
      const total = list.reduce((all, one) => all + Math.exp(one), 0);
      return list.map((one) => Math.exp(one) / total);
    };
    const run = runOf(
      { kind: 'tensors', fields: { y: 'y' } },
      lists.map((list) => ({ y: softmax(list) })),
    );

    expect(
      selfTestHint(
        run,
        lists.map((y) => ({ y })),
      ),
    ).toContain('Every recorded "y" is the softmax of what the model gives');
  });

  it('is rounding, with the tolerance that takes it', () => {
    expect(hintFor((given) => Math.round(given))).toContain(
      'The examples record "y" rounded to whole numbers: record all digits, or set self_test.tolerance to 0.5.',
    );
    expect(hintFor((given) => Number(given.toFixed(1)))).toContain(
      'rounded to 1 decimal: record all digits, or set self_test.tolerance to 0.05.',
    );
  });

  it('is looked for among examples where the answers go the way of the recorded ones', () => {
    expect(hintFor((given) => Math.min(given, 4) + 0.03)).toContain(
      'The answers follow the recorded ones (correlation 0.9',
    );
    expect(hintFor((given) => Math.sin(given * 40) * 9)).toContain('"b", for example, is not scaled');
  });

  it('is not looked for in a field that is as it was recorded', () => {
    const decode = { kind: 'regression', tensor: 'y', fields: ['y', 'z'] } as const;
    const run = runOf(
      decode,
      GIVEN.map((y, i) => ({ y, z: (i % 3) * 7 })),
    );

    expect(
      selfTestHint(
        run,
        GIVEN.map((y, i) => ({ y, z: (i % 2) * 5 - y })),
      ),
    ).not.toContain('follow the recorded');
  });

  it('is no scaler of inputs when most examples are right', () => {
    expect(hintFor((given) => (given > 5 ? -given * 10 : given))).toBe('');
  });
});

describe('probabilities by label', () => {
  it('that were recorded under the names of Python are told the names of JSON', () => {
    const decode = {
      kind: 'multi-class',
      tensor: 'y',
      labels: [false, true],
      field: 'label',
      probabilities_field: 'all',
    } as const;
    const recorded = [{ label: true, all: { False: 0.1, True: 0.9 } }];
    const answers = [{ label: true, all: { false: 0.1, true: 0.9 } }];

    expect(selfTestHint(runOf(decode, recorded), answers)).toContain(
      'The examples name a member of "all" "False", and its members are "false", "true", the labels as JSON has them.',
    );
  });
});
