import { getPriority } from 'node:os';
import { join } from 'node:path';

import { fixtureRequest, floatRows } from '../../../test/contracts/inference-engine.contract.js';
import { predictTensors } from '../../../test/support/engines/predict-tensors.js';
import { threadsOf, untilAllFree, useTestPools } from '../../../test/support/test-pools.js';
import { until } from '../../../test/support/until.js';
import { AppError } from '../../domain/app-error.js';
import { PredictionTiming } from '../../domain/prediction-timing.js';
import type { Tensor } from '../../domain/tensor.js';
import type { ModelHandle, PredictOptions } from '../model-host.js';
import type { PoolModel } from './pool-model.js';
import type { WorkerPool } from './worker-pool.js';

const faultyWorker = join(__dirname, '..', '..', '..', 'test', 'support', 'faulty-worker.cjs');

describe('models that share threads', () => {
  const { makePool, events, makeGate } = useTestPools({ threads: 2, workerFile: faultyWorker });
  const load = (pool: WorkerPool, path: string): Promise<PoolModel> =>
    pool.load({ format: 'tfjs-layers', runFolder: '/runs', path }) as Promise<PoolModel>;
  /** What the engine says of the call: its `thread`, the thread's `priority`, or the call's `rows`. */
  const ask = async (
    model: ModelHandle,
    command: string,
    what: 'thread' | 'priority' | 'rows' = 'thread',
    options: Partial<PredictOptions> = {},
  ): Promise<number> => {
    const inputs = new Map<string, Tensor>([['command', { dtype: 'string', shape: [1], data: [command] }]]);
    const outputs = await predictTensors(model, inputs, { outputNames: [what], timeoutMs: 60_000, ...options });
    return (outputs.get(what)!.data as Int32Array)[0]!;
  };
  const outcome = (promise: Promise<unknown>): Promise<unknown> =>
    promise.catch((error: unknown) => (error instanceof AppError ? error.code : error));
  const times = <T>(count: number, work: () => T): T[] => Array.from({ length: count }, work);
  /** On threads of their own as long as there are two; the pool knows how long their calls take. */
  const lightAndHeavy = async (pool: WorkerPool): Promise<[PoolModel, PoolModel]> => {
    await untilAllFree(pool);
    const [light, heavy] = [await load(pool, 'light'), await load(pool, 'heavy')];
    for (let i = 0; i < 3; i += 1) await ask(light, 'answer');
    await ask(heavy, 'block 30');
    return [light, heavy];
  };

  it.each([2, 3])(
    'leaves one of %d threads to short calls when a model with long ones could fill them all',
    async (threads) => {
      const [light, heavy] = await lightAndHeavy(makePool({ threads }));
      const gate = makeGate();
      const crowd = Promise.all(times(8 * threads, () => ask(heavy, gate.command)));
      await until(() => heavy.activeThreads === threads - 1 && !heavy.isAddingReplica);
      for (let i = 0; i < 20; i += 1) await ask(light, 'answer');
      gate.open();
      const used = new Set(await crowd);
      expect(used.size).toBe(threads - 1);
      expect(used.has(await ask(light, 'answer'))).toBe(false);
    },
  );

  it('lets a model with long calls have all threads when there is no other', async () => {
    const pool = makePool();
    await untilAllFree(pool);
    const heavy = await load(pool, 'heavy');
    await ask(heavy, 'block 30');
    const gate = makeGate();
    const crowd = Promise.all(times(8, () => ask(heavy, gate.command)));
    await until(() => heavy.activeThreads === 2 && !heavy.isAddingReplica);
    gate.open();
    expect(new Set(await crowd).size).toBe(2);
  });

  it('lets models take turns when there is one thread', async () => {
    const [light, heavy] = await lightAndHeavy(makePool({ threads: 1 }));
    const crowd = Promise.all(times(4, () => ask(heavy, 'block 20')));
    await ask(light, 'answer');
    expect(new Set(await crowd).size).toBe(1);
  });

  it('loads a model without keeping short calls waiting', async () => {
    const pool = makePool();
    await untilAllFree(pool);
    const light = await load(pool, 'light');
    for (let i = 0; i < 3; i += 1) await ask(light, 'answer');
    const gate = makeGate();
    let loaded = 0;
    const loads = [1, 2, 3].map(() => load(pool, `load-${gate.command}`).then(() => (loaded += 1)));
    await until(() => threadsOf(pool).some(({ isFree }) => !isFree));
    await ask(light, 'answer');
    expect(loaded).toBe(0);
    gate.open();
    await Promise.all(loads);
  });

  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux('lets threads give way that compute long calls, and those alone', async () => {
    const [light, heavy] = await lightAndHeavy(makePool());
    expect(await ask(heavy, 'block 20', 'priority')).toBeGreaterThan(getPriority(0));
    expect(await ask(light, 'answer', 'priority')).toBe(getPriority(0));
  });

  onLinux('moves a model of short calls away from a thread that begins to give way', async () => {
    const pool = makePool();
    await untilAllFree(pool);
    const [light] = [await load(pool, 'light'), await load(pool, 'elsewhere')];
    const heavy = await load(pool, 'heavy beside light');
    await ask(light, 'answer');
    for (let i = 0; i < 2; i += 1) await ask(heavy, 'block 30');
    expect(await ask(light, 'answer', 'priority')).toBeGreaterThan(getPriority(0));
    await until(() => !light.isAddingReplica);
    expect(await ask(light, 'answer', 'priority')).toBe(getPriority(0));
  });

  it('serves others while a model sleeps, and answers its caller at the deadline', async () => {
    const [light, heavy] = await lightAndHeavy(makePool());
    const sleeper = outcome(ask(heavy, 'block 30000', 'thread', { timeoutMs: 300 }));
    const waiting = outcome(ask(heavy, 'answer'));
    for (let i = 0; i < 50; i += 1) await ask(light, 'answer');
    expect(await sleeper).toBe('PREDICTION_TIMEOUT');
    expect(await waiting).toEqual(expect.any(Number));
    expect(events.filter(({ kind }) => kind === 'thread-lost')).toHaveLength(1);
  });

  it('never ends a thread because of deadlines its callers set', async () => {
    const model = await load(makePool({ threads: 1, callTimeoutMs: 5_000, maxBatchRows: 100 }), 'model');
    const thread = await ask(model, 'answer');
    expect(await outcome(ask(model, 'block 200', 'thread', { timeoutMs: 1 }))).toBe('PREDICTION_TIMEOUT');
    expect(await ask(model, 'answer')).toBe(thread);
    const busy = ask(model, 'block 60');
    const hasty = times(3, () => outcome(ask(model, 'block 50', 'thread', { timeoutMs: 50 })));
    expect(await Promise.all(hasty)).toEqual(times(3, () => 'PREDICTION_TIMEOUT'));
    expect([await busy, await ask(model, 'answer')]).toEqual([thread, thread]);
    expect(events.filter(({ kind }) => kind === 'thread-hung')).toEqual([]);
  });

  it('computes nothing for a caller whose time was over before it came', async () => {
    const model = await load(makePool({ threads: 1 }), 'model');
    const late = { timeoutMs: 10, sinceMs: performance.now() - 11 };
    expect(await outcome(ask(model, 'exit', 'thread', late))).toBe('PREDICTION_TIMEOUT');
    expect(await outcome(ask(model, 'answer'))).toEqual(expect.any(Number));
    expect([model.queue.size, events.filter(({ kind }) => kind === 'thread-lost')]).toEqual([0, []]);
  });

  it('refuses exactly who finds the queue full, with whole seconds to wait, and keeps nothing of them', async () => {
    const model = await load(makePool({ threads: 1, maxQueuedPerModel: 100, maxBatchRows: 100 }), 'model');
    const asked = [ask(model, 'block 30'), ...times(10_000, () => ask(model, 'answer'))];
    const refusals = (await Promise.allSettled(asked)).flatMap((each) =>
      each.status === 'rejected' ? [each.reason] : [],
    );
    expect(refusals).toHaveLength(9_900);
    for (const { code, details } of refusals as AppError[]) {
      expect([code, Number.isInteger(details['retryAfterSeconds'])]).toEqual(['QUEUE_FULL', true]);
    }
    expect([model.queue.size, model.activeThreads]).toEqual([0, 0]);
  });

  it('says how long each waited and computed, and with how many rows', async () => {
    const model = await load(makePool({ threads: 1, maxBatchRows: 100 }), 'model');
    await ask(model, 'answer');
    const [lone, first, second] = [new PredictionTiming(), new PredictionTiming(), new PredictionTiming()];
    const answers = [ask(model, 'block 30', 'rows', { timing: lone })];
    answers.push(...[first, second].map((timing) => ask(model, 'block 10', 'rows', { timing })));
    expect(await Promise.all(answers)).toEqual([1, 2, 2]);
    expect([lone, first, second].map(({ batchRows }) => batchRows)).toEqual([1, 2, 2]);
    expect(lone.inferMs).toBeGreaterThan(25);
    for (const { queueMs, inferMs } of [first, second]) {
      expect(queueMs - lone.queueMs).toBeGreaterThan(20);
      expect(inferMs).toBeGreaterThan(15);
    }
  });

  it('counts the rows of a request that goes alone', async () => {
    const pool = makePool({ workerFile: undefined });
    const model = await pool.load(fixtureRequest('onnx', 'onnx-sum'));
    const timing = new PredictionTiming();
    const x = floatRows([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    await predictTensors(model, new Map([['x', x]]), { outputNames: ['y'], timeoutMs: 5_000, timing });
    expect(timing).toMatchObject({ batchRows: 3, queueMs: expect.any(Number) as number });
  });
});
