import { sumRun } from '../../../../test/support/stores/build-store.js';
import type { Run } from '../../../domain/run.js';
import type { JsonObject, JsonValue } from '../../../lib/json/json.js';
import { inWordsOf } from '../../../sources/mlflow/contract/own-words.js';
import { selfTestHint } from './self-test-hint.js';

const sum = sumRun('adder-1', '0'.repeat(64));
/** Large inputs that nothing scales: a scaler would be blamed if the examples proved nothing. */
const input = { a: 1, b: 250 };
const number = { type: 'number' } as const;

const runOf = (decode: Run['decode'], recorded: readonly JsonObject[], inputs: readonly JsonObject[] = []): Run => {
  const names = [...new Set(recorded.flatMap((row) => Object.keys(row)))];
  const properties = Object.fromEntries(names.map((name) => [name, name.startsWith('p') ? number : {}]));
  return {
    ...sum,
    decode,
    signature: { ...sum.signature, output: { type: 'object', properties } },
    examples: recorded.map((output, i) => ({ input: inputs[i] ?? input, output })),
  };
};

describe('what the examples prove of a failed self-test', () => {
  const fields = ['power', 'pull', 'push'];
  const recorded = [
    { power: 1.5, pull: 20.25, push: 3 },
    { power: 2.5, pull: 40.5, push: 6 },
  ];
  const exchanged = recorded.map(({ power, pull, push }) => ({ power, pull: push, push: pull }));
  const said = 'The values of "pull" stand in "push": check';

  it('is that the values of one field stand in another', () => {
    const run = runOf({ kind: 'regression', tensor: 'y', fields }, recorded);
    const hint = selfTestHint(run, exchanged);

    expect(hint).toBe(` ${said} the order of decode.fields.`);
    expect(inWordsOf(undefined, hint)).toBe(` ${said} the order of the signature's outputs.`);
  });

  it('is that they do in a head among others, or come from the tensor of another', () => {
    const heads = [
      { kind: 'regression', tensor: 'x', fields: ['other'] },
      { kind: 'regression', tensor: 'y', fields },
    ] as const;
    const named = { power: 'a', pull: 'c', push: 'b' };

    expect(selfTestHint(runOf({ kind: 'heads', heads }, recorded), exchanged)).toBe(
      ` ${said} the order of decode.heads[1].fields.`,
    );
    expect(selfTestHint(runOf({ kind: 'tensors', fields: named }, recorded), exchanged)).toBe(
      ` ${said} decode.fields.`,
    );
  });

  it('is that a list of one output has another order, which decode cannot change', () => {
    const list = [{ v: [1.5, 20.25, 3] }, { v: [2.5, 40.5, 6] }];
    const other = list.map(({ v: [a, b, c] }) => ({ v: [a!, c!, b!] }));
    const advice = 'a list is answered in the order that the model gives it: record it so';
    for (const decode of [
      { kind: 'tensors', fields: { v: 'y' } },
      { kind: 'embedding', field: 'v' },
    ] as const) {
      const hint = selfTestHint(runOf(decode, list), other);
      expect(hint).toContain(`The values of "v[1]" stand in "v[2]": ${advice}`);
      expect(hint).not.toContain('decode');
    }
    const range = [{ r: { low: 1.5, high: 2.5 } }, { r: { low: 3.5, high: 4.5 } }];
    const swapped = range.map(({ r: { low, high } }) => ({ r: { low: high, high: low } }));
    const interval = { kind: 'interval', low: 1, high: 0, field: 'r' } as const;
    expect(selfTestHint(runOf(interval, range), swapped)).toContain('check decode.low, decode.high and');
  });

  it('is that the probability is that of the other class', () => {
    const decode = { kind: 'binary', labels: ['no', 'yes'], field: 'label', probability_field: 'p' } as const;
    const run = runOf(decode, [{ p: 0.25 }, { p: 0.75 }, { p: 0.9 }]);

    expect(selfTestHint(run, [{ p: 0.75 }, { p: 0.25 }, { p: 0.1 }])).toContain(
      '"p" is that of the other class: check decode.positive',
    );
    expect(
      selfTestHint(run, [
        { label: 'no', p: 0.1 },
        { label: 'no', p: 0.2 },
        { label: 'no', p: 0.3 },
      ]),
    ).not.toContain('swapped');
  });

  it('is that only rows without a field differ', () => {
    const inputs: JsonObject[] = [{ a: null, b: 250 }, { b: 100 }, input];
    const run = runOf({ kind: 'regression', tensor: 'y', fields: ['p'] }, [{ p: 1.5 }, { p: 2 }, { p: 3 }], inputs);

    expect(selfTestHint(run, [{ p: 1 }, { p: 1 }, { p: 3 }])).toContain('examples without "a" differ: check "missing"');
    expect(selfTestHint(run, [{ p: 1 }, { p: 1 }, { p: 4 }])).toContain('"b", for example, is not scaled');
  });

  it('is that null takes the default of its field', () => {
    const inputs: JsonObject[] = [{ a: null, b: 250 }, { b: 100 }, input];
    const run = runOf({ kind: 'regression', tensor: 'y', fields: ['p'] }, [{ p: null }, { p: 2 }, { p: 3 }], inputs);
    const properties = { ...run.signature.input.properties, a: { type: ['number', 'null'], default: 3 } } as const;
    const withDefault: Run = {
      ...run,
      signature: { ...run.signature, input: { ...run.signature.input, properties } },
    };

    expect(selfTestHint(withDefault, [{ p: 1 }, { p: 2 }, { p: 3 }])).toContain(
      'Only the examples that give null for "a" differ, which takes its default 3 like a field that is left out',
    );
  });

  it('is that an example names a field otherwise than the signature, or gives one that it does not know', () => {
    const regression = { kind: 'regression', tensor: 'y', fields: ['p'] } as const;
    const runWith = (row: JsonObject): Run => {
      const run = runOf(regression, [{ p: 1.5 }], [row]);
      const properties = { ...sum.signature.input.properties, income: number };
      return { ...run, signature: { ...run.signature, input: { ...sum.signature.input, properties } } };
    };

    expect(selfTestHint(runWith({ ...input, Incomes: 5 }), [{ p: 7 }])).toBe(
      ' Example 0 gives "Incomes", which is no input of the signature: is "income" meant?',
    );
    expect(selfTestHint(runWith({ ...input, colour: 'red' }), [{ p: 7 }])).toContain('Example 0 gives "colour", which');
  });

  it('is that labels are written as texts in one place and as numbers in the other', () => {
    const decode = { kind: 'binary', labels: [0, 1], field: 'label' } as const;
    const run = runOf(decode, [{ label: '1' }, { label: '0' }]);

    expect(selfTestHint(run, [{ label: 0 }, { label: 1 }])).toBe(
      ' The examples record "1" (string), decode.labels has 0, 1 (number): write both in one way.',
    );
  });

  it('is that an example names an output otherwise than the run', () => {
    const run = runOf({ kind: 'regression', tensor: 'y', fields: ['price'] }, [{ price: 1.5 }]);
    const recording = (name: string) => ({ ...run, examples: [{ input, output: { [name]: 1.5 } }] });

    expect(selfTestHint(recording('Price'), [{ price: 1.5 }])).toBe(
      ' Example 0 records "Price", which is none of the outputs: is "price" meant?',
    );
    expect(selfTestHint(recording('rent'), [{ price: 1.5 }])).toBe(
      ' Example 0 records "rent", which is none of the outputs: they are "price".',
    );
  });

  it.each<[JsonValue, JsonValue, string, string]>([
    [true, 1, 'true (boolean) for "label" and the model gives 1 (number)', '"labels": [false, true]'],
    ['setosa', 0n, '"setosa" (string) for "label" and the model gives 0 (number)', '"labels": […]'],
    [7, '7', '7 (number) for "label" and the model gives "7" (string)', 'record what it gives.'],
  ])('is that %j was recorded where the model gives %s', (label, answer, message, advice) => {
    const run = runOf({ kind: 'tensors', fields: { label: 'y' }, single: ['label'] }, [{ label }]);
    const hint = selfTestHint(run, [{ label: answer }]);

    expect(hint).toContain(message);
    expect(hint).toContain(advice);
    expect(inWordsOf(undefined, hint)).not.toContain('decode');
  });

  it('is no scaler where the model scales itself or decides by trees', () => {
    const run = runOf({ kind: 'regression', tensor: 'y', fields: ['p'] }, [{ p: 1.5 }]);

    expect(selfTestHint(run, [{ p: 7 }])).toContain('Did the trainer scale');
    expect(selfTestHint(run, [{ p: 7 }], { hasOwnScale: true })).toBe('');
  });

  it('is that the model splits texts otherwise than its trainer', () => {
    const base = runOf({ kind: 'regression', tensor: 'y', fields: ['p'] }, [{ p: 1.5 }], [{ text: 'i am' }]);
    const texts = { type: 'object', properties: { text: { type: 'string' } } } as const;
    const run: Run = { ...base, signature: { ...base.signature, input: texts } };
    const hintFor = (pattern: string, maxWords = 1) => selfTestHint(run, [{ p: 7 }], { words: { pattern, maxWords } });

    expect(hintFor('[a-zA-Z0-9_]+', 2)).toContain('and words of one letter part their neighbours. Unless');
    expect(hintFor('[a-zA-Z0-9_]+')).toContain('"tokenexp": r"[\\p{L}\\p{N}_]{2,}"');
    expect(hintFor('\\b\\w\\w+\\b', 2)).toBe('');
  });

  it('is that the model knows no other letters than those of ASCII', () => {
    const inputs = [{ text: 'the cat' }, { text: 'naïve café' }];
    const base = runOf({ kind: 'regression', tensor: 'y', fields: ['p'] }, [{ p: 1.5 }, { p: 2 }], inputs);
    const texts = { type: 'object', properties: { text: { type: 'string' } } } as const;
    const run: Run = { ...base, signature: { ...base.signature, input: texts } };
    const hintFor = (pattern: string, ...answers: number[]) =>
      selfTestHint(
        run,
        answers.map((p) => ({ p })),
        { words: { pattern, maxWords: 1 } },
      );

    expect(hintFor('\\b\\w\\w+\\b', 1.5, 7)).toContain('"tokenexp": r"[\\p{L}\\p{N}_]{2,}", and lower-case the texts');
    expect(hintFor('\\b\\w\\w+\\b', 7, 7)).toBe('');
    expect(hintFor('[\\p{L}\\p{N}_]{2,}', 1.5, 7)).toBe('');
  });
});

describe('a threshold that the trainer had and the run has not', () => {
  const binary = { kind: 'binary', labels: ['no', 'yes'], field: 'label', probability_field: 'p' } as const;
  const recorded = [
    { label: 'no', p: 0.125 },
    { label: 'yes', p: 0.375 },
    { label: 'yes', p: 0.75 },
  ];
  const answers = recorded.map(({ p }) => ({ label: p < 0.5 ? 'no' : 'yes', p }));

  it('is found where all probabilities fit, with the values between which it lies', () => {
    expect(selfTestHint(runOf(binary, recorded), answers)).toBe(
      ' The probabilities fit, the labels of "label" change where "p" is between 0.125 and 0.375: set decode.threshold.',
    );
  });

  it('is found in a run without a contract, in its words', () => {
    const decode = { kind: 'tensors', fields: { label: 'label', p: 'probabilities' } } as const;
    const ofModel = recorded.map(({ label, p }) => ({ label: Number(label === 'yes'), p: [1 - p, p] }));
    const given = answers.map(({ label, p }) => ({ label: Number(label === 'yes'), p: [1 - p, p] }));
    const run = runOf(decode, ofModel);
    const hint = inWordsOf(undefined, selfTestHint(run, given));

    expect(hint).toContain('change where "p[1]" is between 0.125 and 0.375: the model has no such threshold');
    expect(hint).toContain('docs/mlflow.md');
  });

  it('is none where no threshold gives the labels, or a probability differs, too', () => {
    const mixed = [...recorded, { label: 'no', p: 0.625 }];

    expect(selfTestHint(runOf(binary, mixed), [...answers, { label: 'yes', p: 0.625 }])).not.toContain('threshold');
    expect(
      selfTestHint(
        runOf(binary, recorded),
        answers.map(({ label, p }) => ({ label, p: p / 2 })),
      ),
    ).not.toContain('threshold');
  });

  it('is told from one side where the examples have one label only', () => {
    const run = runOf(binary, [{ label: 'yes', p: 0.375 }, recorded[2]!]);

    expect(selfTestHint(run, answers.slice(1))).toContain('is at 0.375 or below: set decode.threshold');
  });

  it('is none for numbers that are no labels, though they be whole', () => {
    const run = runOf({ kind: 'regression', tensor: 'y', fields: ['sum'] }, [{ sum: -3 }]);

    expect(selfTestHint(run, [{ sum: 0 }])).not.toContain('threshold');
  });

  it('is asked for where the graph gives the labels, and probabilities that nobody reads', () => {
    const decode = { kind: 'tensors', fields: { label: 'label' }, single: ['label'] } as const;
    const run = runOf(decode, [{ label: 0 }, { label: 1 }, { label: 1 }]);
    const outputs = [
      { name: 'label', dtype: 'int64', shape: [null] },
      { name: 'probabilities', dtype: 'float32', shape: [null, 2] },
    ] as const;
    const hint = selfTestHint(run, [{ label: 0 }, { label: 0 }, { label: 1 }], { outputs, hasOwnScale: true });
    const binary = '{"kind":"binary","tensor":"probabilities","labels":[0,1],"threshold":…,"field":"label"}';

    expect(hint).toContain(`no threshold but 0.5: if the trainer had another, set decode to ${binary}.`);
    expect(inWordsOf(undefined, hint)).toContain(`say so in a full contract (docs/mlflow.md), by ${binary}.`);
    expect(selfTestHint(run, [{ label: 1 }, { label: 0 }, { label: 1 }], { outputs, hasOwnScale: true })).toBe('');
  });
});
