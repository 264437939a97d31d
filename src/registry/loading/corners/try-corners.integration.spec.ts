import { TestStore } from '../../../../test/support/stores/build-store.js';
import { slowRun, textRun, throwingRun } from '../../../../test/support/stores/tiny-runs.js';
import { loadConfig } from '../../../config/load-config.js';
import type { Run } from '../../../domain/run.js';
import type { FieldSchema } from '../../../domain/signature.js';
import type { PoolEvent } from '../../../engines/pool/pool-event.js';
import { createModelHost } from '../../../engines/pool/create-model-host.js';
import { LocalRunSource } from '../../../sources/local/local-run-source.js';
import type { LoadedRun } from '../loaded-run.js';
import { RunLoader } from '../run-loader.js';

describe('the corners of a contract', () => {
  const events: PoolEvent[] = [];
  const host = createModelHost({
    threads: 1,
    maxQueuedPerModel: 100,
    maxBatchRows: 1_024,
    loadTimeoutMs: 10_000,
    onEvent: (event) => events.push(event),
  });
  const stores: TestStore[] = [];
  afterAll(async () => {
    await host.close();
    for (const store of stores) store.remove();
  });

  const load = async (run: Partial<Run>, fixture: string): Promise<LoadedRun> => {
    const store = new TestStore().addModel('m').addRun('m', 'one', run, fixture);
    stores.push(store);
    const [model] = await new LocalRunSource(store.folder).listModels();
    const sourceRun = model!.runs[0]!;
    return new RunLoader(host, loadConfig({})).load(sourceRun, sourceRun.run!);
  };
  const indexOf = (index: FieldSchema): Partial<Run> => ({
    ...throwingRun,
    signature: {
      input: { type: 'object', properties: { index }, required: ['index'] },
      output: throwingRun.signature!.output,
    },
  });
  const tooWide = async (run: Partial<Run>, fixture = 'onnx-gather'): Promise<string[]> => {
    const { warnings } = await load(run, fixture);
    return warnings.filter(({ code }) => code === 'CONTRACT_TOO_WIDE').map(({ message }) => message);
  };

  it('that a table of three rows cannot compute are warnings with the limits to set', async () => {
    expect(await tooWide(indexOf({ type: 'integer' }))).toEqual([
      '"index" is open above; the model fails for 2147483647. Set "maximum": 2.',
      '"index" is open below; the model fails for -2147483648. Set "minimum": 0 (down to -3 it counts from the end of its table).',
    ]);
    expect(await tooWide(indexOf({ type: 'integer', minimum: 0, maximum: 10 }))).toEqual([
      '"index" may be 10; the model fails for 10. Set "maximum": 2.',
    ]);
  });

  it.each<[string, Partial<FieldSchema>, { subtract?: number; divide?: number }, number, string[]]>([
    [
      'ids that begin at 1000',
      {},
      { subtract: 1000 },
      1001,
      [
        'is open above; the model fails for 2147483647. Set "maximum": 1002.',
        'is open below; the model fails for -2147483648. Set "minimum": 1000 (down to 997 it counts from the end of its table).',
      ],
    ],
    [
      'ids in steps of ten',
      {},
      { subtract: 1000, divide: 10 },
      1010,
      [
        'is open above; the model fails for 2147483640. Set "maximum": 1020.',
        'is open below; the model fails for -2147483640. Set "minimum": 1000 (down to 970 it counts from the end of its table).',
      ],
    ],
    [
      'numbers that are counted down from 100',
      {},
      { subtract: 100, divide: -1 },
      99,
      [
        'is open above; the model fails for 2147483647. Set "maximum": 100 (up to 103 it counts from the end of its table).',
        'is open below; the model fails for -2147483648. Set "minimum": 98.',
      ],
    ],
    [
      'a limit that is given',
      { minimum: 1, maximum: 500, multipleOf: 1 },
      { subtract: 1 },
      2,
      ['may be 500; the model fails for 500. Set "maximum": 3.'],
    ],
  ])('are told in numbers of the client: %s', async (_, rules, scaling, example, expected) => {
    const run: Partial<Run> = {
      ...indexOf({ type: 'integer', ...rules }),
      encode: {
        tensors: [
          {
            kind: 'columns',
            tensor: 'index',
            dtype: 'int64',
            rank: 1,
            columns: [{ kind: 'number', field: 'index', ...scaling }],
          },
        ],
      },
      examples: [{ input: { index: example }, output: {} }],
    };

    expect(await tooWide(run)).toEqual(expected.map((sentence) => `"index" ${sentence}`));
  });

  it('that a model computes are none', async () => {
    expect(await tooWide(indexOf({ type: 'integer', minimum: 0, maximum: 2 }))).toEqual([]);
    expect(await tooWide(textRun, 'onnx-types')).toEqual([]);
  });

  it('are no numbers that would keep a model busy for hours', async () => {
    expect(await tooWide(slowRun, 'onnx-slow-rows')).toEqual([]);
  });

  it('that fail are no events of the pool: nobody was refused', async () => {
    await tooWide(indexOf({ type: 'integer' }));

    expect(events.filter(({ kind }) => kind === 'prediction-failed')).toEqual([]);
  });

  it('leave the model as it was', async () => {
    const loaded = await load(indexOf({ type: 'integer' }), 'onnx-gather');
    const answer = await loaded.predict([{ index: 2 }], {
      source: 'body',
      mode: 'strict',
      locOf: (i) => ['rows', i],
      include: new Set(),
      timeoutMs: 5_000,
    });

    expect(answer).toEqual([{ value: 30 }]);
  });
});
