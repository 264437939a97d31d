import { TestStore } from '../../../test/support/stores/build-store.js';
import { FORM_ROWS, formRun } from '../../../test/support/stores/form-runs.js';
import { logRun, throwingRun } from '../../../test/support/stores/tiny-runs.js';
import { loadConfig } from '../../config/load-config.js';
import type { Run } from '../../domain/run.js';
import type { OutputRowSchema } from '../../domain/signature.js';
import { RunError } from '../../domain/verdict.js';
import { createModelHost } from '../../engines/pool/create-model-host.js';
import { LocalRunSource } from '../../sources/local/local-run-source.js';
import type { SourceRun } from '../../sources/run-source.js';
import { rehearse } from '../promotion/champion-replay.js';
import { RunLoader } from './run-loader.js';
import type { LoadedRun } from './loaded-run.js';

const TIMEOUT_MS = 5_000;

describe('a run whose model answers NaN', () => {
  const host = createModelHost({ threads: 1, maxQueuedPerModel: 100, maxBatchRows: 1_024, loadTimeoutMs: 10_000 });
  const stores: TestStore[] = [];
  afterAll(async () => {
    await host.close();
    for (const store of stores) store.remove();
  });

  /** The logarithm of `x` less `subtract`, which is NaN below it. */
  const load = async (examples: Run['examples'], subtract = 0): Promise<LoadedRun> => {
    const columns = [{ kind: 'number', field: 'x', subtract }] as const;
    const encode: Run['encode'] = { tensors: [{ kind: 'columns', tensor: 'x', dtype: 'float32', rank: 1, columns }] };
    const store = new TestStore().addModel('m').addRun('m', 'one', { ...logRun, encode, examples }, 'onnx-log');
    stores.push(store);
    const [model] = await new LocalRunSource(store.folder).listModels();
    const sourceRun = model!.runs[0]!;
    return new RunLoader(host, loadConfig({})).load(sourceRun, sourceRun.run!);
  };
  const codesOf = (loaded: LoadedRun) => loaded.warnings.map(({ code }) => code);
  const at = (x: number, output: Run['examples'][number]['output'] = {}) => ({ input: { x }, output });

  it('to every example is not served, when its trainer did not record that', async () => {
    const problem: unknown = await load([at(-1), at(-2)]).catch((error: unknown) => error);

    expect(problem).toBeInstanceOf(RunError);
    expect(problem).toMatchObject({
      code: 'SELF_TEST_FAILED',
      message: expect.stringContaining('The field "log" is null, which NaN becomes, in the answer to every example'),
    });
  });

  it('is not blamed for an example that is no row of its signature', async () => {
    const none = { input: {}, output: { log: 0 } };

    await expect(load([none])).rejects.toMatchObject({
      message: 'examples.0.input.x: field required.',
      fix: expect.stringContaining('Write the example as clients send rows') as string,
    });
  });

  it('to some examples is served with a warning', async () => {
    expect(codesOf(await load([at(-1), at(1)]))).toEqual(['ANSWERS_UNPROVEN', 'ANSWERS_NULL']);
    expect(codesOf(await load([at(-1, { log: null }), at(1, { log: 0 })]))).toEqual([]);
  });

  it('to every example of the served run does not take over; to some of them it does, with a warning', async () => {
    const loaded = await load([at(1, { log: 0 }), at(Math.E, { log: 1 })]);
    const rehearsal = { current: loaded, policy: {}, timeoutMs: TIMEOUT_MS };

    const worse = await load([at(2.5, { log: 0 }), at(4.5)], 1.5);
    const broken = await load([at(101, { log: 0 }), at(102)], 100);

    expect((await rehearse(worse, rehearsal)).map(({ message }) => message)).toEqual([
      'The field "log" is null for some examples of run "one", which serves.',
    ]);
    await expect(rehearse(broken, rehearsal)).rejects.toThrow('"log" is null for every example of the served run');
  });
});

describe('a run whose model draws random numbers', () => {
  const host = createModelHost({ threads: 1, maxQueuedPerModel: 100, maxBatchRows: 1_024, loadTimeoutMs: 10_000 });
  afterAll(() => host.close());

  it.each([
    ['what the trainer saw', { log: 1 }],
    ['nothing', {}],
  ])('is told so when its examples record %s', async (_, output) => {
    const examples = [1, 2, 3].map((x) => ({ input: { x }, output }));
    const store = new TestStore().addModel('m').addRun('m', 'one', { ...logRun, examples }, 'onnx-random');
    const [model] = await new LocalRunSource(store.folder).listModels();
    const sourceRun = model!.runs[0]!;

    const load = new RunLoader(host, loadConfig({})).load(sourceRun, sourceRun.run!);

    await expect(load.finally(() => store.remove())).rejects.toMatchObject({
      code: 'SELF_TEST_FAILED',
      message: 'Example 0: the model answers the same row differently each time it is asked.',
      fix: expect.stringContaining('model.eval()') as string,
    });
  });
});

describe('a run that leaves the name of its input to the model', () => {
  const host = createModelHost({ threads: 1, maxQueuedPerModel: 100, maxBatchRows: 1_024, loadTimeoutMs: 10_000 });
  const stores: TestStore[] = [];
  afterAll(async () => {
    await host.close();
    for (const store of stores) store.remove();
  });

  const load = async (encode: Run['encode'], run: Partial<Run> = {}, fixture?: string): Promise<LoadedRun> => {
    const store = new TestStore().addModel('m').addRun('m', 'one', { ...run, encode }, fixture);
    stores.push(store);
    const [model] = await new LocalRunSource(store.folder).listModels();
    const sourceRun = model!.runs[0]!;
    return new RunLoader(host, loadConfig({})).load(sourceRun, sourceRun.run!);
  };

  it('feeds the one input that the model has', async () => {
    const columns = [{ kind: 'list', field: 'pair', size: 2 }] as const;
    const pair = { type: 'array', items: { type: 'number' } } as const;
    const output = { type: 'object', properties: { sum: { type: ['number', 'null'] } } } as const;

    const loaded = await load(
      { tensors: [{ kind: 'columns', dtype: 'float32', columns }] },
      {
        signature: { input: { type: 'object', properties: { pair }, required: ['pair'] }, output },
        examples: [
          { input: { pair: [1, 2] }, output: { sum: 3 } },
          { input: { pair: [5, 2] }, output: { sum: 7 } },
        ],
      },
    );

    expect(loaded.run.encode.tensors[0]!.tensor).toBe('x');
    expect(loaded.warnings).toEqual([]);
  });

  it('is refused when its answers are not what its own signature promises', async () => {
    const input = { type: 'object', properties: { pair: { type: 'array', items: { type: 'number' } } } } as const;
    const columns = [{ kind: 'list', field: 'pair', size: 2 }] as const;
    const output = { type: 'object', properties: { sum: { type: 'number', maximum: 5 } } } as const;

    const loading = load(
      { tensors: [{ kind: 'columns', dtype: 'float32', columns }] },
      {
        signature: { input: { ...input, required: ['pair'] }, output },
        examples: [
          { input: { pair: [1, 2] }, output: { sum: 3 } },
          { input: { pair: [5, 2] }, output: { sum: 7 } },
        ],
      },
    );

    await expect(loading).rejects.toMatchObject({
      code: 'SELF_TEST_FAILED',
      message: expect.stringContaining('The answer to example 1 is not what the signature says: sum: '),
    });
  });

  it('is refused where the model has several', async () => {
    const columns = [{ kind: 'number', field: 'a' }] as const;

    const loading = load({ tensors: [{ kind: 'columns', dtype: 'float32', columns }] }, {}, 'onnx-two');

    await expect(loading).rejects.toMatchObject({
      code: 'SIGNATURE_MISMATCH',
      message: expect.stringContaining('names no tensor, and the model has several inputs'),
    });
  });

  it('is told why the one output that the model has cannot be read', async () => {
    const columns = (['a', 'b'] as const).map((field) => ({ kind: 'number', field }) as const);
    const decode = { kind: 'regression', fields: ['sum'] } as const;

    const loading = load({ tensors: [{ kind: 'columns', dtype: 'float32', columns }] }, { decode }, 'onnx-half');

    await expect(loading).rejects.toMatchObject({
      code: 'SIGNATURE_MISMATCH',
      message: expect.stringMatching(
        /has no output that can be read\. The model's output "y" is float16: cast it to float32/,
      ),
    });
  });
});

describe('a run without an example of its owner', () => {
  const host = createModelHost({ threads: 1, maxQueuedPerModel: 100, maxBatchRows: 1_024, loadTimeoutMs: 10_000 });
  afterAll(() => host.close());

  it('that cannot compute the row which was made up for it is told to log one', async () => {
    const examples = [{ input: { index: 5 }, output: {} }];
    const store = new TestStore().addModel('m').addRun('m', 'one', { ...throwingRun, examples }, 'onnx-gather');
    const [model] = await new LocalRunSource(store.folder).listModels();
    const listed = model!.runs[0]!;
    const open = async () => ({ ...(await listed.open()), complete: () => listed.run! });
    const loading = new RunLoader(host, loadConfig({})).load({ ...listed, open }, listed.run!);
    const error: unknown = await loading.catch((refusal: unknown) => refusal);
    store.remove();

    expect(error).toMatchObject({
      code: 'SELF_TEST_FAILED',
      message: expect.stringMatching(/could not compute its examples: .*without an input example is tried with a row/),
      fix: expect.stringContaining('input_example=X[:3]'),
    });
  });
});

describe('a run whose owner never wrote encode or decode', () => {
  const host = createModelHost({ threads: 1, maxQueuedPerModel: 100, maxBatchRows: 1_024, loadTimeoutMs: 10_000 });
  afterAll(() => host.close());

  it('is told in the words of its owner what its answers are not, and what to do', async () => {
    const store = new TestStore()
      .addModel('m')
      .addRun('m', 'one', { examples: [{ input: { a: 250, b: 1 }, output: { sum: 3 } }] });
    const [model] = await new LocalRunSource(store.folder).listModels();
    const sourceRun: SourceRun = {
      ...model!.runs[0]!,
      toOwnWords: (text) => text.replaceAll(/\b(en|de)code\b/g, 'signature'),
    };
    const loading = new RunLoader(host, loadConfig({})).load(sourceRun, sourceRun.run!);
    const error: unknown = await loading.catch((refusal: unknown) => refusal);
    store.remove();

    expect(error).toMatchObject({
      code: 'SELF_TEST_FAILED',
      message: expect.stringMatching(/"sum" should be 3 and is 251.*No column of signature does/),
      fix: expect.stringContaining('check signature, signature'),
    });
  });
});

describe('a run whose answers are read wrongly', () => {
  const host = createModelHost({ threads: 1, maxQueuedPerModel: 100, maxBatchRows: 1_024, loadTimeoutMs: 10_000 });
  const stores: TestStore[] = [];
  afterAll(async () => {
    await host.close();
    for (const store of stores) store.remove();
  });

  /** A run of `onnx-forms`, which gives its three numbers back in many forms. */
  const load = async (decode: Run['decode'], properties: OutputRowSchema['properties'], rows = FORM_ROWS) => {
    const outputs = rows.map(() => ({}));
    const run = {
      ...formRun({ what: '', decode, properties, outputs }),
      examples: rows.map((input) => ({ input, output: {} })),
    };
    const store = new TestStore().addModel('m').addRun('m', 'one', run, 'onnx-forms');
    stores.push(store);
    const [model] = await new LocalRunSource(store.folder).listModels();
    const sourceRun = model!.runs[0]!;
    return new RunLoader(host, loadConfig({})).load(sourceRun, sourceRun.run!);
  };
  const number = { type: ['number', 'null'] } as const;
  const range = { range: { type: 'object', properties: { low: number, high: number } } } as const;
  const rising = [
    { a: 1, b: 2, c: 3 },
    { a: 2, b: 4, c: 8 },
    { a: 0, b: 0, c: 0 },
  ];

  it('is refused when its intervals begin above their ends', async () => {
    const decode = { kind: 'interval', tensor: 'table', low: 2, high: 'flat', field: 'range' } as const;

    await expect(load(decode, range, rising)).rejects.toMatchObject({
      code: 'SELF_TEST_FAILED',
      message:
        'The interval "range" begins above its end for 2 of 3 examples: from 3 to 1; low (column 2 of "table") and high (the output "flat") may be swapped.',
      fix: expect.stringContaining('Name the lower quantile as "low"'),
    });
  });

  it('is refused when a negative factor turns its intervals round', async () => {
    const decode = { kind: 'interval', tensor: 'table', low: 0, high: 2, field: 'range', multiply: -1 } as const;

    await expect(load(decode, range, rising)).rejects.toMatchObject({
      message: expect.stringContaining('multiply is negative, which turns low (column 0 of "table") and high'),
    });
  });

  it('is served with a warning when few of its intervals cross', async () => {
    const decode = { kind: 'interval', tensor: 'table', low: 0, high: 2, field: 'range' } as const;
    const loaded = await load(decode, range, [...rising, { a: 5, b: 4, c: 3 }]);

    expect(loaded.warnings).toContainEqual(
      expect.objectContaining({
        code: 'INTERVALS_CROSS',
        message: 'The interval "range" begins above its end for 1 of 4 examples: from 5 to 3.',
      }),
    );
  });

  const vector = { vector: { type: 'array', items: number } } as const;

  it.each([{}, { mask: 'x' }])('is refused when it pools what is pooled already: %j', async (more) => {
    const decode = { kind: 'embedding', tensor: 'table', pooling: 'mean', field: 'vector', ...more } as const;

    await expect(load(decode, vector)).rejects.toMatchObject({
      code: 'SIGNATURE_MISMATCH',
      message: expect.stringMatching(
        /^The output "table" has shape \[(\?|rows), 3\]: that is one vector per row, pooled already; leave pooling and mask out\.$/,
      ),
    });
  });

  it('is refused when it does not pool the vectors of tokens', async () => {
    await expect(load({ kind: 'embedding', tensor: 'states', field: 'vector' }, vector)).rejects.toMatchObject({
      code: 'SIGNATURE_MISMATCH',
      message: 'The output "states" has shape [?, 3, 2]: that is one vector per token; say "pooling": "mean" or "cls".',
    });
  });
});
