import { sumRun } from '../../../test/support/stores/build-store.js';
import type { Run } from '../../domain/run.js';
import { unexpectedNulls } from './null-outputs.js';
import { runWarnings } from './run-warnings.js';

const sum = sumRun('adder-1', '0'.repeat(64));
const examples: Run['examples'] = [
  { input: { a: 1, b: 2 }, output: { sum: 3 } },
  { input: { a: 2, b: 2 }, output: { sum: 4 } },
  { input: { a: 3, b: 2 }, output: { sum: 5 } },
];
const right = examples.map(({ output }) => output);
const inputs = [{ name: 'x', dtype: 'float32', shape: [null, 2] }] as const;
const codesOf = (run: Partial<Run>, outputs: Run['examples'][number]['output'][] = right, shape = inputs[0].shape) =>
  runWarnings({ ...sum, examples, ...run }, [{ ...inputs[0], shape }], outputs).map(({ code }) => code);

describe('what is worth knowing of a run that may be served', () => {
  it('is nothing when its examples differ and its model says what it takes', () => {
    expect(codesOf({})).toEqual([]);
  });

  it('is that a single example proves little, and how many there are', () => {
    const [warning] = runWarnings({ ...sum, examples: examples.slice(0, 1) }, inputs, right.slice(0, 1));

    expect(warning).toMatchObject({ code: 'EXAMPLES_FEW', message: 'The run has one example.' });
    expect(codesOf({ examples: [] }, [])).toEqual(['EXAMPLES_FEW', 'ANSWERS_UNPROVEN']);
  });

  it('is that different rows get one and the same answer', () => {
    const same = { sum: 3 };

    expect(codesOf({}, [same, same, same])).toEqual(['ANSWERS_EQUAL']);
    expect(codesOf({ examples: examples.slice(0, 2) }, [same, same])).toEqual([]);
    expect(codesOf({ examples: [examples[0]!, examples[0]!, examples[0]!] }, [same, same, same])).toEqual([]);
  });

  it('is that they get the same answer but for what it repeats of them', () => {
    const decode: Run['decode'] = { kind: 'regression', tensor: 'y', fields: ['sum'], echo: { first: 'a' } };
    const outputs = [1, 2, 3].map((first) => ({ sum: 3, first }));

    expect(codesOf({ decode }, outputs)).toEqual(['ANSWERS_EQUAL']);
  });

  it('is that an enum leaves out the null that the type allows', () => {
    const { input, output } = sum.signature;
    const of = (values: (string | null)[]): Partial<Run> => {
      const properties = { ...input.properties, port: { type: ['string', 'null'] as const, enum: values } };
      return { signature: { input: { ...input, properties }, output } };
    };

    expect(codesOf(of(['C', 'Q']))).toEqual(['ENUM_WITHOUT_NULL']);
    expect(codesOf(of(['C', 'Q', null]))).toEqual([]);
  });

  it('is that nothing says what the trainer saw, and the line that ends it', () => {
    const unproven = examples.map(({ input }) => ({ input, output: {} }));
    const [warning] = runWarnings({ ...sum, examples: unproven }, inputs, [{ sum: 3 }, { sum: 7 }, { sum: 5 }]);

    expect(warning).toMatchObject({
      code: 'ANSWERS_UNPROVEN',
      fix: expect.stringContaining('mlflow.log_dict({"examples": [') as string,
    });
  });

  it('is that no example records some of the outputs, by their names', () => {
    const { input, output } = sum.signature;
    const number = { type: 'number' } as const;
    const properties = { ...output.properties, load: number, balance: number, a: number, debug: number };
    const decode: Run['decode'] = {
      kind: 'regression',
      fields: ['sum', 'balance', 'load', 'debug'],
      echo: { a: 'a' },
      on_request: ['debug'],
    };
    const run: Run = { ...sum, examples, decode, signature: { input, output: { type: 'object', properties } } };
    const [warning] = runWarnings(run, inputs, [{ sum: 3 }, { sum: 4 }, { sum: 5 }]);
    const whole = examples.map((one, i) => ({ ...one, output: i === 1 ? { ...one.output, load: 1, balance: 2 } : {} }));

    expect(warning).toMatchObject({
      code: 'ANSWERS_UNPROVEN',
      message: 'No example records "load", "balance", so nothing proves these answers.',
    });
    expect(codesOf({ ...run, examples: whole })).toEqual([]);
  });

  it('is that no example is without a field of which encode says what stands in its place', () => {
    const column = { kind: 'number', field: 'a', missing: 0 } as const;
    const encode = { tensors: [{ kind: 'columns', tensor: 'x', dtype: 'float32', columns: [column] }] } as const;
    const { input, output } = sum.signature;
    const optional: Run = { ...sum, examples, encode, signature: { input: { ...input, required: ['b'] }, output } };
    const shown = [...examples.slice(1), { input: { b: 2 }, output: { sum: 2 } }];
    const codes = (run: Run) => runWarnings(run, inputs, right, { encode }).map(({ code }) => code);

    expect(codes(optional)).toEqual(['MISSING_UNPROVEN']);
    expect(codes({ ...optional, examples: shown })).toEqual([]);
    expect(codes({ ...sum, examples, encode })).toEqual([]);
  });

  it('is that a model takes other words than its trainer', () => {
    const words = { pattern: '[a-zA-Z0-9_]+', maxWords: 1 };

    expect(runWarnings({ ...sum, examples }, inputs, right, { words })).toMatchObject([{ code: 'WORDS_DIFFER' }]);
  });

  it('is that a model knows no other letters than A to Z, unless its texts have no others', () => {
    const words = { pattern: '\\b\\w\\w+\\b', maxWords: 1 };
    const cleaned: Run = {
      ...sum,
      examples,
      encode: { ...sum.encode, prepare: [{ name: 'cleaned', field: 'a', steps: [{ kind: 'clean' }] }] },
    };
    const codes = (run: Run, pattern = words.pattern) =>
      runWarnings(run, inputs, right, { words: { ...words, pattern } }).map(({ code }) => code);

    expect(codes({ ...sum, examples })).toEqual(['WORDS_DIFFER']);
    expect(codes(cleaned)).toEqual([]);
    expect(codes({ ...sum, examples }, '[\\p{L}\\p{N}_]{2,}')).toEqual([]);
    expect(codes({ ...sum, examples }, '[a-z]+')).toEqual([]);
  });

  it('is that some answers are null where the trainer recorded none', () => {
    const [, warning] = runWarnings(
      { ...sum, examples: examples.map(({ input }) => ({ input, output: {} })) },
      inputs,
      [{ sum: 3 }, { sum: null }, { sum: 5 }],
    );

    expect(warning).toMatchObject({ code: 'ANSWERS_NULL', message: expect.stringContaining('"sum" is null for some') });
  });

  it('is that all answers are null, even if the trainer recorded that', () => {
    const nulls = examples.map(({ input }) => ({ input, output: { sum: null } }));

    expect(codesOf({ examples: nulls }, [{ sum: null }, { sum: null }, { sum: null }])).toContain('ANSWERS_NULL');
  });

  it('is not that an answer is null which the trainer saw to be so', () => {
    const [first, second, third] = examples as [(typeof examples)[0], (typeof examples)[0], (typeof examples)[0]];
    const recorded = [first, { ...second, output: { sum: null } }, third];

    expect(codesOf({ examples: recorded }, [{ sum: 3 }, { sum: null }, { sum: 5 }])).toEqual([]);
  });

  it('is that a number is written as a text, with the field and the example', () => {
    const texts = [examples[0]!, { input: { a: '2', b: 2 }, output: { sum: 4 } }, examples[2]!];
    const [warning] = runWarnings({ ...sum, examples: texts }, inputs, right);

    expect(warning).toMatchObject({
      code: 'NUMBER_AS_TEXT',
      message: 'Example 1 gives the input "a", of type number, as a text.',
    });
  });

  it('is none that an input is as wide as the texts that a tokenizer splits', () => {
    const tokenizer = { path: 'tokenizer.json', sha256: '' };
    const encode = {
      tensors: [{ kind: 'tokenizer', field: 'a', tokenizer, max_length: 8, tensors: { input_ids: 'x' } }],
    } as const;

    expect(runWarnings({ ...sum, encode, examples }, [{ ...inputs[0], shape: [null, null] }], right)).toEqual([]);
  });

  it('is that an input leaves its width open', () => {
    const [warning] = runWarnings({ ...sum, examples }, [{ ...inputs[0], shape: [null, null] }], right);

    expect(warning).toMatchObject({ code: 'DIMENSION_OPEN', message: expect.stringContaining('"x"') });
  });
});

describe('numbers that are null in every answer', () => {
  const learned = examples.map(({ input }) => ({ input, output: {} }));
  const fieldsOf = (run: Partial<Run>, value: Run['params'][string]) => {
    const nulls = unexpectedNulls(
      { ...sum, examples: learned, ...run },
      examples.map(() => ({ sum: value })),
    );
    return nulls.filter(({ isEvery }) => isEvery).map(({ field }) => field);
  };
  const outputOf = (field: Run['signature']['output']['properties'][string]): Partial<Run> => ({
    signature: { ...sum.signature, output: { type: 'object', properties: { sum: field } } },
  });

  it('are found alone and in lists', () => {
    expect(fieldsOf({}, null)).toEqual(['sum']);
    const list = outputOf({ type: 'array', items: { type: 'array', items: { type: 'number' } } });
    expect(fieldsOf(list, [[null, null]])).toEqual(['sum']);
    expect(fieldsOf(list, [[null, 1]])).toEqual([]);
    expect(fieldsOf(list, [])).toEqual([]);
  });

  it('are no fault where the answer repeats what clients left out, or is no number', () => {
    const decode: Run['decode'] = { kind: 'regression', tensor: 'y', fields: [], echo: { sum: 'a' } };

    expect(fieldsOf({ decode }, null)).toEqual([]);
    expect(fieldsOf(outputOf({ type: ['string', 'null'] }), null)).toEqual([]);
  });
});
