import { TestStore, sumRun } from '../../../test/support/stores/build-store.js';
import { comparisonOf } from '../../codec/examples-match.js';
import { loadConfig } from '../../config/load-config.js';
import type { Run } from '../../domain/run.js';
import { createModelHost } from '../../engines/pool/create-model-host.js';
import { LocalRunSource } from '../../sources/local/local-run-source.js';
import { ONE_ROW_PER_CALL, ROWS_FAIL_BATCHED, ROWS_DEPENDENT, checkOrder, outputsMatch } from './batch-invariance.js';
import { RunLoader } from './run-loader.js';
import type { LoadedRun } from './loaded-run.js';

describe('the proof that rows may share calls', () => {
  const host = createModelHost({ threads: 1, maxQueuedPerModel: 100, maxBatchRows: 1_024, loadTimeoutMs: 10_000 });
  const stores: TestStore[] = [];
  afterAll(async () => {
    await host.close();
    for (const store of stores) store.remove();
  });

  const load = async (fixture: string, run: Partial<Run> = {}): Promise<LoadedRun> => {
    const store = new TestStore().addModel('adder').addRun('adder', 'one', run, fixture);
    stores.push(store);
    const [model] = await new LocalRunSource(store.folder).listModels();
    const sourceRun = model!.runs[0]!;
    return new RunLoader(host, loadConfig({})).load(sourceRun, sourceRun.run!);
  };
  const examples = (count: number, sumOf: (a: number, b: number) => number): Run['examples'] =>
    Array.from({ length: count }, (_, i) => ({ input: { a: i, b: 2 * i }, output: { sum: sumOf(i, 2 * i) } }));
  const sums = async (loaded: LoadedRun, rows: object[]): Promise<unknown[]> => {
    const outputs = await loaded.predict(rows, {
      source: 'body',
      mode: 'strict',
      locOf: (i) => [i],
      include: new Set(),
      timeoutMs: 5_000,
    });
    return outputs.map(({ sum }) => sum);
  };
  const twoRows = [
    { a: 1, b: 2 },
    { a: 10, b: 20 },
  ];

  it.each([1, 2, 33])('lets the rows of a sound model share calls, after %i examples', async (count) => {
    const loaded = await load('onnx-sum', { examples: examples(count, (a, b) => a + b) });
    expect({ isRowByRow: loaded.isRowByRow, notes: loaded.notes }).toEqual({ isRowByRow: false, notes: [] });
  });

  it.each([2, 33])('serves a model row by row whose %i examples change each other, and says so', async (count) => {
    const loaded = await load('onnx-mingled', { examples: examples(count, (a, b) => 2 * (a + b)) });
    expect(loaded.notes).toEqual([ROWS_DEPENDENT]);
    expect(await sums(loaded, twoRows)).toEqual([6, 60]);
    expect(await Promise.all(twoRows.map((row) => sums(loaded, [row])))).toEqual([[6], [60]]);
  });

  it.each<[string, (sum: number) => number]>([
    ['The recorded answers are those of all examples computed together; alone, rows have others.', (sum) => sum + 1.5],
    ['The examples are not what each row is answered alone.', (sum) => sum],
  ])('refuses a run whose rows change each other, with the cause: %s', async (message, answer) => {
    // Each row has its sum and the mean of all sums.
    await expect(load('onnx-mingled', { examples: examples(2, (a, b) => answer(a + b)) })).rejects.toMatchObject({
      code: 'SELF_TEST_FAILED',
      message: `Rows of one call change each other's answers. ${message}`,
      fix: expect.stringContaining('export it for inference') as string,
    });
  });

  it('serves a model row by row that cannot compute two rows together, though it has one example only', async () => {
    const loaded = await load('onnx-total');
    expect(loaded.notes).toEqual([ROWS_FAIL_BATCHED]);
    expect(await sums(loaded, twoRows)).toEqual([3, 30]);
  });

  it('serves a model row by row that takes one row per call', async () => {
    const loaded = await load('onnx-one-row', { examples: examples(3, (a, b) => a + b) });
    expect(loaded.notes).toEqual([ONE_ROW_PER_CALL]);
    expect(await sums(loaded, twoRows)).toEqual([3, 30]);
  });

  it('does not believe a model that declares one row of output for any number of rows', async () => {
    const loaded = await load('onnx-one-declared', { examples: examples(3, (a, b) => a + b) });
    expect(loaded.notes).toEqual([]);
    expect(await sums(loaded, twoRows)).toEqual([3, 30]);
  });

  it('refuses a model that takes four rows per call, with what to do', async () => {
    await expect(load('onnx-four-rows')).rejects.toMatchObject({
      code: 'SIGNATURE_MISMATCH',
      message:
        'The tensor "x" has a fixed number of 4 rows; export the model with a first dimension that varies, or is 1.',
    });
  });

  it('still refuses a run that does not repeat its examples', async () => {
    const wrong = examples(40, (a, b) => (a === 36 ? 0 : a + b));
    await expect(load('onnx-sum', { examples: wrong })).rejects.toMatchObject({
      code: 'SELF_TEST_FAILED',
      message: expect.stringContaining('Example 36') as string,
    });
  });

  it.each([2, 3, 32])('computes %i examples together in an order in which none keeps its place', (count) => {
    const order = checkOrder(count);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(order.filter((example, location) => example === location)).toEqual([]);
    expect(checkOrder(count)).toEqual(order);
  });

  it.each([
    ['integer', false],
    ['number', true],
  ] as const)('takes no whole number or label for its neighbour: %s', (type, expected) => {
    const run = sumRun('adder-1', '');
    const output = { type: 'object', properties: { sum: { type } } } as const;
    const comparison = comparisonOf({ ...run, signature: { ...run.signature, output } });

    expect(outputsMatch([{ sum: 20002 }], [{ sum: 20001 }], [0], comparison)).toBe(expected);
  });

  it('warns of rows that are computed one by one', async () => {
    const loaded = await load('onnx-one-row', { examples: examples(2, (a, b) => a + b) });

    expect(loaded.warnings).toMatchObject([{ code: 'ROWS_ONE_BY_ONE', message: ONE_ROW_PER_CALL }]);
  });
});
