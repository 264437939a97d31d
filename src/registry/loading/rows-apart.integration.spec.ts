import { TestStore } from '../../../test/support/stores/build-store.js';
import { addTokenRun, tokenEncoding } from '../../../test/support/stores/preprocessed-runs.js';
import { loadConfig } from '../../config/load-config.js';
import type { EncodeSpec } from '../../domain/encode-spec.js';
import type { Run } from '../../domain/run.js';
import type { FieldSchema, OutputFieldSchema } from '../../domain/signature.js';
import { createModelHost } from '../../engines/pool/create-model-host.js';
import type { JsonObject } from '../../lib/json/json.js';
import { stringifyJson } from '../../lib/json/json-text.js';
import { Preprocessor } from '../../preprocessing/preprocessor.js';
import { LocalRunSource } from '../../sources/local/local-run-source.js';
import { ONE_ROW_PER_CALL, ROWS_DEPENDENT, ROWS_FAIL_BATCHED } from './batch-invariance.js';
import { RunLoader } from './run-loader.js';
import type { LoadedRun } from './loaded-run.js';

const integers: FieldSchema = { type: 'array', items: { type: 'integer' }, minItems: 1 };
const numbers: OutputFieldSchema = { type: 'array', items: { type: 'number' } };

/** A run of a fixture. */
function runOf(
  inputs: Readonly<Record<string, FieldSchema>>,
  encode: EncodeSpec,
  outputs: Readonly<Record<string, OutputFieldSchema>>,
  decode: Run['decode'],
  examples: Run['examples'],
): Partial<Run> {
  return {
    signature: {
      input: { type: 'object', properties: inputs, required: Object.keys(inputs) },
      output: { type: 'object', properties: outputs },
    },
    encode,
    decode,
    examples,
  };
}

const columnsOf = (tensor: string, dtype: 'float32' | 'int64', ...names: string[]): EncodeSpec => ({
  tensors: [{ kind: 'columns', tensor, dtype, columns: names.map((field) => ({ kind: 'number', field })) }],
});

describe('rows whose outputs have shapes of their own', () => {
  const host = createModelHost({ threads: 1, maxQueuedPerModel: 100, maxBatchRows: 1_024, loadTimeoutMs: 10_000 });
  const preprocessor = new Preprocessor();
  const stores: TestStore[] = [];
  afterAll(async () => {
    await host.close();
    await preprocessor.close();
    for (const store of stores) store.remove();
  });

  const load = async (fixture: string, run: Partial<Run>): Promise<LoadedRun> => {
    const store = new TestStore().addModel('m').addRun('m', 'one', run, fixture);
    stores.push(store);
    return loadFrom(store);
  };
  const loadFrom = async (store: TestStore): Promise<LoadedRun> => {
    const [model] = await new LocalRunSource(store.folder).listModels();
    const sourceRun = model!.runs[0]!;
    return new RunLoader(host, loadConfig({}), preprocessor).load(sourceRun, sourceRun.run!);
  };
  /** The answers to the rows of one request, and to the same rows written as text. */
  const predict = async (loaded: LoadedRun, rows: readonly JsonObject[]): Promise<JsonObject[]> => {
    const options = {
      source: 'body',
      mode: 'strict',
      locOf: (i: number) => [i],
      include: new Set<string>(),
      timeoutMs: 5_000,
    } as const;
    const answers = await loaded.predict(rows, options);
    expect(await loaded.predictText(rows, options)).toBe(stringifyJson(answers));
    return answers;
  };

  const boxesOf = (n: number) => Array.from({ length: n }, (_, i) => [i, i]);
  const scoresOf = (n: number) => Array.from({ length: n }, (_, i) => i);
  const image = (n: number) => ({ n });
  const answer = (n: number) => ({ boxes: boxesOf(n), scores: scoresOf(n) });
  const detector = (boxes: string, ...counts: number[]) =>
    runOf(
      { n: { type: 'integer', minimum: 0 } },
      columnsOf('n', 'int64', 'n'),
      { boxes: { type: 'array', items: numbers }, scores: numbers },
      { kind: 'tensors', fields: { boxes, scores: 'scores' } },
      counts.map((n) => ({ input: image(n), output: answer(n) })),
    );

  it.each([
    ['with a dimension of rows', 'rows_of_boxes', [2, 1, 0]],
    ['with a dimension of rows, though the examples have two boxes each', 'rows_of_boxes', [2, 2]],
    ['without one', 'boxes', [2, 0]],
    ['without one, though the examples have one box each', 'boxes', [1, 1]],
  ])('are decoded by themselves: boxes of images, %s', async (_what, boxes, counts) => {
    const loaded = await load('onnx-boxes', detector(boxes, ...counts));

    expect(loaded.notes).toEqual([ONE_ROW_PER_CALL]);
    expect(await predict(loaded, [3, 0, 1, 2].map(image))).toEqual([3, 0, 1, 2].map(answer));
    const requests = [[1], [2, 3], [0]].map((counted) => counted.map(image));
    expect(await Promise.all(requests.map((rows) => predict(loaded, rows)))).toEqual([
      [answer(1)],
      [answer(2), answer(3)],
      [answer(0)],
    ]);
  });

  const found = (...places: number[]) => ({ places: places.map((column) => [0, column]) });
  const finder = (examples: Run['examples']) =>
    runOf(
      { a: { type: 'number' }, b: { type: 'number' }, c: { type: 'number' } },
      columnsOf('x', 'float32', 'a', 'b', 'c'),
      { places: { type: 'array', items: { type: 'array', items: { type: 'integer' } } } },
      { kind: 'tensors', fields: { places: 'places' } },
      examples,
    );

  it('are computed apart where a batch gives one list for all, though it is as long as there are examples', async () => {
    const loaded = await load(
      'onnx-found',
      finder([
        { input: { a: 1, b: 0, c: 0 }, output: found(0) },
        { input: { a: 0, b: 0, c: 1 }, output: found(2) },
      ]),
    );

    expect(loaded.notes).toEqual([ROWS_FAIL_BATCHED]);
    const rows = [
      { a: 1, b: 1, c: 0 },
      { a: 0, b: 0, c: 0 },
      { a: 0, b: 1, c: 0 },
    ];
    expect(await predict(loaded, rows)).toEqual([found(0, 1), found(), found(1)]);
  });

  it('share calls where one row alone only lacks the dimension of rows', async () => {
    const row = (a: number) => ({ a, b: 1, c: 1 });
    const inputs = { a: { type: 'number' }, b: { type: 'number' }, c: { type: 'number' } } as const;
    for (const decode of [
      { kind: 'regression', tensor: 'y', fields: ['p'] },
      { kind: 'tensors', fields: { p: 'y' } },
      { kind: 'tensors', fields: { p: 'y' }, single: ['p'] },
    ] as const) {
      const examples = [1, 2, 3].map((a) => ({ input: row(a), output: { p: a + 2 } }));
      const run = runOf(inputs, columnsOf('x', 'float32', 'a', 'b', 'c'), { p: { type: 'number' } }, decode, examples);
      const loaded = await load('onnx-squeeze', run);

      expect(loaded.isRowByRow).toBe(false);
      expect(await predict(loaded, [row(5)])).toEqual([{ p: 7 }]);
      expect(await predict(loaded, [row(5), row(6)])).toEqual([{ p: 7 }, { p: 8 }]);
    }
  });

  const tokens = (...ids: number[]) => ({ ids, mask: ids.map(() => 1) });
  const lists = (
    decode: Run['decode'],
    outputs: Readonly<Record<string, OutputFieldSchema>>,
    answerTo: (ids: number[]) => JsonObject,
    pad?: number,
  ) =>
    runOf(
      { ids: integers, mask: integers },
      {
        tensors: ['ids', 'mask'].map((field) => ({
          kind: 'array',
          tensor: field,
          dtype: 'int64',
          field,
          shape: [null],
          ...(pad !== undefined && { pad: field === 'ids' ? pad : 0 }),
        })),
      },
      outputs,
      decode,
      [tokens(1, 2, 3), tokens(4, 6)].map((input) => ({ input, output: answerTo(input.ids) })),
    );
  const mean = (ids: number[]) => ({ mean: ids.reduce((sum, id) => sum + id, 0) / ids.length });
  const requests = [tokens(1, 2, 3), tokens(9), tokens(2, 4, 6), tokens(1, 3), tokens(5)];

  it.each([
    ['apart, by their lengths', 'mean', undefined, []],
    ['together, where padding changes no answer', 'masked_mean', 99, []],
    ['row by row, where padding changes an answer', 'mean', 99, [ROWS_DEPENDENT]],
  ])('are computed %s: token lists of any length', async (_what, tensor, pad, notes) => {
    const run = lists({ kind: 'regression', tensor, fields: ['mean'] }, { mean: { type: 'number' } }, mean, pad);
    const loaded = await load('onnx-token-lists', run);

    expect(loaded.notes).toEqual(notes);
    expect(loaded.warnings.map(({ code }) => code)).not.toContain('DIMENSION_OPEN');
    expect(await predict(loaded, requests)).toEqual(requests.map(({ ids }) => mean(ids)));
  });

  it('are computed apart, by their lengths, where filling changes the answers to other numbers than the examples have', async () => {
    const maximum = (ids: number[]) => ({ maximum: Math.max(...ids) });
    const decode = { kind: 'regression', tensor: 'maximum', fields: ['maximum'] } as const;
    const loaded = await load('onnx-token-lists', lists(decode, { maximum: { type: 'number' } }, maximum, 0));
    const negative = [tokens(-1, -2, -3), tokens(-9), tokens(-2, -4)];

    expect(loaded.notes).toEqual([]);
    expect(await predict(loaded, negative)).toEqual(negative.map(({ ids }) => maximum(ids)));
  });

  it('are computed apart, by their lengths, where the examples have one length and show nothing of padding', async () => {
    const run = lists({ kind: 'regression', tensor: 'mean', fields: ['mean'] }, { mean: { type: 'number' } }, mean, 99);
    const equal = [tokens(1, 2, 3), tokens(4, 6, 8)].map((input) => ({ input, output: mean(input.ids) }));
    const loaded = await load('onnx-token-lists', { ...run, examples: equal });

    expect(loaded.notes).toEqual([]);
    expect(await predict(loaded, requests)).toEqual(requests.map(({ ids }) => mean(ids)));
  });

  it('are computed apart, by their lengths, where the texts of the examples have one length', async () => {
    const texts = ['rain', 'The bright small model.', 'small', 'a model'];
    // What fills a text changes the mean of its ids.
    const encode = tokenEncoding({ tensors: { input_ids: 'input_ids' } });
    const loadTexts = async (...examples: string[]) => {
      const store = new TestStore().addModel('m');
      stores.push(store);
      const run = { encode, examples: examples.map((text) => ({ input: { text }, output: {} })) };
      addTokenRun(store, 'm', 'one', run, 'onnx-tokens-unmasked');
      return loadFrom(store);
    };
    const alone = await loadTexts('rain');
    const means = await Promise.all(texts.map(async (text) => (await predict(alone, [{ text }]))[0]!));

    for (const [examples, notes] of [
      [['rain'], []],
      [['rain', 'small'], []],
      [['rain', 'The bright small model.'], [ROWS_DEPENDENT]],
    ] as const) {
      const loaded = await loadTexts(...examples);
      expect(loaded.notes).toEqual(notes);
      expect(
        await predict(
          loaded,
          texts.map((text) => ({ text })),
        ),
      ).toEqual(means);
    }
  });

  it('have as many items as their row: states of token lists', async () => {
    const states = (ids: number[]) => ({ states: ids.map((id) => [id, -id]) });
    const run = lists(
      { kind: 'tensors', fields: { states: 'states' } },
      { states: { type: 'array', items: numbers } },
      states,
    );
    const loaded = await load('onnx-token-lists', run);

    expect(await predict(loaded, requests)).toEqual(requests.map(({ ids }) => states(ids)));
  });
});

describe('a model that declares another shape than it gives', () => {
  const host = createModelHost({ threads: 1, maxQueuedPerModel: 100, maxBatchRows: 1_024, loadTimeoutMs: 10_000 });
  const store = new TestStore().addModel('m');
  afterAll(async () => {
    await host.close();
    store.remove();
  });
  const load = async (name: string, fields: string[]): Promise<LoadedRun> => {
    const inputs = ['a', 'b', 'c'];
    const properties = Object.fromEntries(fields.map((field) => [field, { type: 'number' } as const]));
    const run = runOf(
      Object.fromEntries(inputs.map((input) => [input, { type: 'number' } as const])),
      columnsOf('x', 'float32', ...inputs),
      properties,
      { kind: 'regression', tensor: 'y', fields },
      [{ input: { a: 1, b: 2, c: 3 }, output: { p: 1, q: 2, r: 3 } }],
    );
    store.addRun('m', name, run, 'onnx-misdeclared');
    const [model] = await new LocalRunSource(store.folder).listModels();
    const sourceRun = model!.runs.find(({ run: found }) => found?.run_id === name)!;
    return new RunLoader(host, loadConfig({})).load(sourceRun, sourceRun.run!);
  };

  it('is served when an example shows that it gives what decode reads', async () => {
    expect((await load('right', ['p', 'q', 'r'])).isRowByRow).toBe(false);
  });

  it('is refused by its declaration when the example shows that decode is wrong, too', async () => {
    await expect(load('wrong', ['p', 'q'])).rejects.toMatchObject({
      code: 'SIGNATURE_MISMATCH',
      message: 'The output "y" has shape [?, 1]; decode needs 2 columns.',
    });
  });
});
