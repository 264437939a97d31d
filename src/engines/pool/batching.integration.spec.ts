import { getEventListeners, setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { fixtureRequest, floatRows } from '../../../test/contracts/inference-engine.contract.js';
import { predictTensors } from '../../../test/support/engines/predict-tensors.js';
import { threadsOf, useTestPools } from '../../../test/support/test-pools.js';
import { until } from '../../../test/support/until.js';
import { AppError } from '../../domain/app-error.js';
import { PredictionTiming } from '../../domain/prediction-timing.js';
import type { NamedTensors, Tensor } from '../../domain/tensor.js';
import type { ModelHandle, PredictOptions } from '../model-host.js';
import type { PoolEvent } from './pool-event.js';
import type { PoolModel } from './pool-model.js';
import type { WorkerPool } from './worker-pool.js';
import type { WorkerPoolOptions } from './pool-options.js';

/** Where no test is about it: a crowd takes its time on a busy machine. */
const PATIENT_MS = 60_000;
const faultyWorker = join(__dirname, '..', '..', '..', 'test', 'support', 'faulty-worker.cjs');

describe('predictions that share calls', () => {
  const { makePool, events, makeGate } = useTestPools({ maxBatchRows: 1_024 });
  const kinds = (kind: PoolEvent['kind']): PoolEvent[] => events.filter((event) => event.kind === kind);
  /** The code of an AppError, or what else came out. */
  const outcome = (promise: Promise<unknown>): Promise<unknown> =>
    promise.catch((error: unknown) => (error instanceof AppError ? error.code : (error as Error).message));

  describe('with real models', () => {
    const options = { outputNames: ['y'], timeoutMs: PATIENT_MS };
    const numbers = (outputs: NamedTensors, name = 'y'): number[] => [...(outputs.get(name)!.data as Float32Array)];
    const sums = (model: ModelHandle, rows: number[][], more: Partial<PredictOptions> = {}): Promise<number[]> =>
      predictTensors(model, new Map([['x', floatRows(rows)]]), { ...options, ...more }).then((outputs) =>
        numbers(outputs),
      );
    const load = (folder: string): Promise<ModelHandle> => makePool().load(fixtureRequest('onnx', folder));

    it('gives each caller its own rows, however many it sent', async () => {
      const model = await load('onnx-sum');
      const requests = Array.from({ length: 100 }, (_, i) => Array.from({ length: 1 + (i % 4) }, (_, k) => [i, k]));
      const answers = await Promise.all(requests.map((rows) => sums(model, rows)));
      expect(answers).toEqual(requests.map((rows) => rows.map(([a, b]) => a! + b!)));
    });

    it('lets a lone prediction wait for others only where that is wanted, and no longer than wanted', async () => {
      const model = await makePool({ batchWaitMs: 60 }).load(fixtureRequest('onnx', 'onnx-sum'));
      const timings = [new PredictionTiming(), new PredictionTiming()];
      const first = sums(model, [[1, 2]], { timing: timings[0] });
      await nextTurn();
      const second = sums(model, [[3, 4]], { timing: timings[1] });

      expect(await Promise.all([first, second])).toEqual([[3], [7]]);
      expect(timings.map(({ batchRows }) => batchRows)).toEqual([2, 2]);
      expect(await sums(model, [[5, 6]])).toEqual([11]);
      expect(await sums(model, [[1, 1]], { rowByRow: true })).toEqual([2]);
    });

    it('does not wait any longer when the call is full', async () => {
      const model = await makePool({ batchWaitMs: 60_000, maxBatchRows: 2 }).load(fixtureRequest('onnx', 'onnx-sum'));

      expect(await Promise.all([sums(model, [[1, 2]]), sums(model, [[3, 4]])])).toEqual([[3], [7]]);
    });

    it('gives up a prediction that waits for others when its time is over', async () => {
      const model = await makePool({ batchWaitMs: 60_000 }).load(fixtureRequest('onnx', 'onnx-sum'));

      expect(await outcome(sums(model, [[1, 2]], { timeoutMs: 30 }))).toBe('PREDICTION_TIMEOUT');
    });

    it('keeps texts and the digits of int64 apart', async () => {
      const model = await load('onnx-types');
      const ask = async (i: number): Promise<unknown[]> => {
        const inputs = new Map<string, Tensor>([
          ['text', { dtype: 'string', shape: [1], data: [`text ${i}`] }],
          ['whole', { dtype: 'int64', shape: [1], data: BigInt64Array.of(2n ** 60n + BigInt(i)) }],
          ['flag', { dtype: 'bool', shape: [1], data: Uint8Array.of(i % 2) }],
          ['positive', { dtype: 'uint64', shape: [1], data: BigUint64Array.of(BigInt(i)) }],
        ]);
        const outputs = await predictTensors(model, inputs, { outputNames: ['13', 'x.1', '2'], timeoutMs: PATIENT_MS });
        return ['13', 'x.1', '2'].map((name) => outputs.get(name)!.data[0]);
      };
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(i)));
      expect(answers).toEqual(answers.map((_, i) => [`text ${i}`, 2n ** 60n + BigInt(i), 1 - (i % 2)]));
    });

    it('gives each caller the outputs it asked for, in its order', async () => {
      const model = await load('onnx-two');
      const ask = async (outputNames: string[]): Promise<[string, number][]> => {
        const inputs = new Map([
          ['a', floatRows([[5]])],
          ['b', floatRows([[2]])],
        ]);
        const outputs = await predictTensors(model, inputs, { outputNames, timeoutMs: PATIENT_MS });
        return [...outputs].map(([name, { data }]) => [name, data[0] as number]);
      };
      const wishes = [['sum'], ['sum'], ['difference'], ['difference', 'sum']];
      expect(await Promise.all(wishes.map(ask))).toEqual([
        [['sum', 7]],
        [['sum', 7]],
        [['difference', 3]],
        [
          ['difference', 3],
          ['sum', 7],
        ],
      ]);
    });

    it('refuses one poisoned row among 64 callers, and answers the other 63', async () => {
      const model = await load('onnx-gather');
      const ask = (index: number): Promise<unknown> => {
        const tensor: Tensor = { dtype: 'int64', shape: [1], data: BigInt64Array.of(BigInt(index)) };
        return outcome(
          predictTensors(model, new Map([['index', tensor]]), options).then((outputs) => numbers(outputs)),
        );
      };
      for (const poisoned of [[41], [1, 2, 63], Array.from({ length: 64 }, (_, i) => i)]) {
        events.length = 0;
        const indices = Array.from({ length: 64 }, (_, i) => (poisoned.includes(i) ? 7 : i % 3));
        const answers = await Promise.all(indices.map(ask));
        expect(answers).toEqual(indices.map((index) => (index === 7 ? 'PREDICTION_FAILED' : [10 * (index + 1)])));
        expect(kinds('prediction-failed')).toHaveLength(poisoned.length);
      }
    });

    it('lets a caller whose tensors have another shape fail alone', async () => {
      const model = await load('onnx-two');
      const ask = (a: number[][], b: number[][]): Promise<unknown> => {
        const inputs = new Map([
          ['a', floatRows(a)],
          ['b', floatRows(b)],
        ]);
        const asked = predictTensors(model, inputs, { outputNames: ['sum'], timeoutMs: PATIENT_MS });
        return outcome(asked.then((outputs) => numbers(outputs, 'sum')));
      };
      const answers = [
        ask([[1]], [[2]]),
        ask([[1]], [[2]]),
        ask([[1, 2]], [[3, 4]]),
        ask([[1], [2]], [[3]]),
        ask([[5]], [[6]]),
      ];
      expect(await Promise.all(answers)).toEqual([[3], [3], 'PREDICTION_FAILED', 'PREDICTION_FAILED', [11]]);
    });

    it('copies rows that share a call, once, and moves those that go alone', async () => {
      const model = await load('onnx-sum');
      const tensors = [1, 2, 3].map((value) => floatRows([[value, value]]));
      await Promise.all(tensors.map((x) => predictTensors(model, new Map([['x', x]]), options)));
      expect(tensors.map(({ data }) => data.length)).toEqual([0, 2, 2]);
    });

    it('computes a request without rows, alone and among others', async () => {
      const model = await load('onnx-sum');
      const none = (): Promise<unknown> =>
        predictTensors(model, new Map([['x', { dtype: 'float32', shape: [0, 2], data: new Float32Array() }]]), options);
      expect(await none()).toEqual(new Map([['y', { dtype: 'float32', shape: [0, 1], data: new Float32Array() }]]));
      const [first, before, empty, after] = await Promise.all([
        sums(model, [[1, 1]]),
        sums(model, [[2, 2]]),
        none(),
        sums(model, [[3, 3]]),
      ]);
      expect([first, before, after]).toEqual([[2], [4], [6]]);
      expect(empty).toEqual(await none());
    });

    it('refuses outputs that have not a row for each row sent', async () => {
      const model = await load('onnx-total');
      expect(await sums(model, [[1, 2]])).toEqual([3]);
      const two = [
        [1, 2],
        [3, 4],
      ];
      expect(await outcome(sums(model, two))).toBe('PREDICTION_FAILED');
      expect(kinds('prediction-failed')).toMatchObject([
        { cause: expect.stringContaining('[1,1] for 2 rows') as string },
      ]);
      const crowd = await Promise.all([1, 2, 3, 4].map((value) => outcome(sums(model, [[value, 0]]))));
      expect(crowd).toEqual([[1], [2], [3], [4]]);
    });

    it('gives the engine one row at a time where rows must not meet', async () => {
      const rows = [
        [1, 2],
        [10, 20],
        [3, 4],
      ];
      const mingled = await load('onnx-mingled');
      expect(await sums(mingled, rows, { rowByRow: true })).toEqual([6, 60, 14]);
      expect(await sums(mingled, rows)).not.toEqual([6, 60, 14]);
      const oneRow = await load('onnx-one-row');
      const asked = [rows, [[5, 6]], rows].map((some) => sums(oneRow, some, { rowByRow: true }));
      expect(await Promise.all(asked)).toEqual([[3, 30, 7], [11], [3, 30, 7]]);
    });
  });

  describe('with models that misbehave on demand', () => {
    const load = (pool: WorkerPool, path = 'model'): Promise<PoolModel> =>
      pool.load({ format: 'tfjs-layers', runFolder: '/runs', path }) as Promise<PoolModel>;
    const faulty = (options: Partial<WorkerPoolOptions> = {}): WorkerPool =>
      makePool({ workerFile: faultyWorker, ...options });
    /** Rows of the engine's call that computed it, or the code of the failure. */
    const send = (model: ModelHandle, command: string | string[], options: Partial<PredictOptions> = {}) => {
      const data = [command].flat();
      const inputs = new Map<string, Tensor>([['command', { dtype: 'string', shape: [data.length], data }]]);
      const asked = predictTensors(model, inputs, { outputNames: ['rows'], timeoutMs: PATIENT_MS, ...options });
      return outcome(asked.then((outputs) => outputs.get('rows')!.data[0]));
    };
    const times = <T>(count: number, work: () => T): T[] => Array.from({ length: count }, work);

    it('takes everything that waits, up to the limit of rows', async () => {
      const model = await load(faulty({ maxBatchRows: 4 }));
      const answers = [send(model, 'block 20'), ...times(6, () => send(model, 'answer'))];
      answers.push(
        send(
          model,
          times(5, () => 'answer'),
        ),
        send(model, 'answer'),
        send(model, ['answer', 'answer']),
      );
      expect(await Promise.all(answers)).toEqual([1, 4, 4, 4, 4, 2, 2, 4, 4, 2]);
    });

    it('computes a large request in several calls, and others in between', async () => {
      const model = await load(faulty({ threads: 1, maxBatchRows: 4 }));
      const order: string[] = [];
      const timing = new PredictionTiming();
      const many = times(16, () => 'block 20');
      const inputs = new Map<string, Tensor>([['command', { dtype: 'string', shape: [16], data: many }]]);
      const large = predictTensors(model, inputs, { outputNames: ['rows'], timeoutMs: PATIENT_MS, timing }).then(
        (outputs) => {
          order.push('large');
          return [...outputs.get('rows')!.data];
        },
      );
      const small = times(2, () => send(model, 'answer').then(() => order.push('small')));
      await Promise.all(small);

      expect(order).toEqual(['small', 'small']);
      expect((await large).length).toBe(16);
      expect(timing.batchRows).toBe(4);
      expect(model.queue.size).toBe(0);
    });

    it('ends a large request with its first failure', async () => {
      const model = await load(faulty({ threads: 1, maxBatchRows: 2 }));
      const rows = ['answer', 'answer', 'throw', 'answer', ...times(20, () => 'block 50')];

      expect(await send(model, rows)).toBe('PREDICTION_FAILED');
      expect(await send(model, 'answer')).toBe(1);
      expect(kinds('prediction-failed')).toHaveLength(1);
    });

    it('is released only when all calls of a large request have ended', async () => {
      const model = await load(faulty({ threads: 1, maxBatchRows: 2 }));
      const large = send(
        model,
        times(6, () => 'block 5'),
      );
      await Promise.all([model.release(), large]);

      expect(await large).toBe(2);
    });

    it('sends those away at once who cannot be answered in time, as soon as that is known', async () => {
      const model = await load(faulty({ threads: 1, maxBatchRows: 1 }));
      const caller = new AbortController();
      setMaxListeners(0, caller.signal);
      const options = { timeoutMs: 30_000, signal: caller.signal };
      const answers = times(100, () => send(model, 'block 400', options));
      const [first, last] = await Promise.all([answers[0], answers[99]]);
      caller.abort();

      expect([first, last]).toEqual([1, 'QUEUE_FULL']);
      const codes = await Promise.all(answers);
      // 100 calls of 0.4 s take 40 s; 75 of them may hope to be answered within 30.
      expect(codes.filter((code) => code === 'QUEUE_FULL').length).toBeGreaterThan(20);
      expect(codes.filter((code) => code === 'QUEUE_FULL').length).toBeLessThan(40);
    });

    it('holds no more bytes of waiting tensors than it may, of all models together', async () => {
      const pool = faulty({ threads: 1, maxQueuedBytes: 64 });
      const [one, other] = [await load(pool, 'one'), await load(pool, 'other')];
      const answers = [send(one, 'block 30'), send(one, `answer ${'x'.repeat(50)}`), send(other, 'answer other')];

      expect(await Promise.all(answers)).toEqual([1, 1, 'QUEUE_FULL']);
      expect(await send(other, 'answer other')).toBe(1);
    });

    it('stops joining rows that take long', async () => {
      const model = await load(faulty());
      await send(model, 'block 80');
      const order: unknown[] = [];
      await Promise.all(times(5, () => send(model, 'block 40').then((rows) => order.push(rows))));
      expect(order[0]).toBe(1);
      expect(Math.max(...(order as number[]))).toBeLessThan(4);
    });

    it('finds the guilty of a shared call without keeping other models waiting', async () => {
      const pool = faulty();
      const [bad, good] = [await load(pool, 'bad'), await load(pool, 'good')];
      const order: string[] = [];
      const busy = send(bad, 'block 20');
      const crowd = times(32, () => send(bad, 'throw').then((code) => void order.push(code as string)));
      const other = busy.then(() => send(good, 'answer')).then(() => void order.push('good'));
      await Promise.all([...crowd, other]);
      expect(order.filter((code) => code === 'PREDICTION_FAILED')).toHaveLength(32);
      expect(order.indexOf('good')).toBeLessThan(8);
    });

    it('refuses few when a model throws on every third call', async () => {
      const model = await load(faulty());
      const answers = await Promise.all(times(64, () => send(model, 'throw-every-third')));
      const failed = answers.filter((answer) => answer === 'PREDICTION_FAILED').length;
      expect(answers.filter((answer) => typeof answer === 'number')).toHaveLength(64 - failed);
      expect(failed).toBeLessThan(8);
      expect(model.queue.size).toBe(0);
    });

    it('loses with a thread only whom the loss is to blame on', async () => {
      const model = await load(faulty());
      const answers = [send(model, 'block 20'), ...times(10, () => send(model, 'answer')), send(model, 'exit')];
      answers.push(...times(10, () => send(model, 'answer')));
      expect(await Promise.all(answers)).toEqual([1, ...times(10, () => 1), 'WORKER_LOST', ...times(10, () => 1)]);
      expect(kinds('thread-lost')).toHaveLength(2);
    });

    it('rests instead of spending a thread on each of many that end theirs', async () => {
      const model = await load(faulty());
      const answers = [send(model, 'block 20'), ...times(8, () => send(model, 'exit', { timeoutMs: 1_500 }))];
      const codes = await Promise.all(answers);
      expect(new Set(codes.slice(1))).toEqual(new Set(['WORKER_LOST', 'PREDICTION_TIMEOUT']));
      expect(kinds('thread-lost').length).toBeLessThan(5);
      expect(kinds('model-backoff').length).toBeGreaterThan(0);
    });

    it('answers in time who shares a call with one that hangs', async () => {
      const model = await load(faulty());
      // A quarter of the time is left when the second thread was lost: enough to start a third on a busy machine.
      const answers = [send(model, 'block 20'), send(model, 'hang')];
      answers.push(...times(5, () => send(model, 'answer')));
      expect(await Promise.all(answers)).toEqual([1, 'WORKER_LOST', 1, 1, 1, 1, 1]);
      expect(kinds('thread-hung')).toHaveLength(2);
    });

    it('answers everybody by their deadline when nobody can be saved', async () => {
      const model = await load(faulty({ hangGraceMs: 500 }));
      const answers = [send(model, 'block 20'), ...times(4, () => send(model, 'hang', { timeoutMs: 200 }))];
      expect(await Promise.all(answers)).toEqual([1, ...times(4, () => 'PREDICTION_TIMEOUT')]);
      expect(kinds('thread-lost')).toEqual([]);
    });

    it('does not end a thread because one of its callers is in a hurry', async () => {
      const model = await load(faulty());
      const gate = makeGate();
      const busy = send(model, 'block 20');
      const hasty = send(model, 'answer', { timeoutMs: 600 });
      const patient = send(model, gate.command);
      expect([await busy, await hasty]).toEqual([1, 'PREDICTION_TIMEOUT']);
      gate.open();
      expect(await patient).toBe(2);
      expect(kinds('thread-hung')).toEqual([]);
    });

    it('does not compute what has a deadline of 1 ms while the thread is busy', async () => {
      const model = await load(faulty());
      const answers = [send(model, 'block 50'), send(model, 'exit', { timeoutMs: 1 }), send(model, 'answer')];
      expect(await Promise.all(answers)).toEqual([1, 'PREDICTION_TIMEOUT', 1]);
    });

    it('leaves out who hung up while waiting, and answers the others when one hangs up later', async () => {
      const model = await load(faulty());
      const [early, late] = [new AbortController(), new AbortController()];
      const gate = makeGate();
      const answers = [send(model, 'block 20'), send(model, 'exit', { signal: early.signal })];
      answers.push(send(model, gate.command, { signal: late.signal }), send(model, 'answer'));
      early.abort(new Error('hung up early'));
      await until(() => model.queue.size === 0);
      late.abort(new Error('hung up late'));
      gate.open();
      expect(await Promise.all(answers)).toEqual([1, 'hung up early', 'hung up late', 2]);
      for (const { signal } of [early, late]) expect(getEventListeners(signal, 'abort')).toEqual([]);
    });

    it('gives an answer with a row too many to its own caller alone, whose decoder refuses it', async () => {
      const model = await load(faulty());
      const answers = [
        send(model, 'block 20'),
        send(model, 'answer'),
        send(model, 'one-row-more'),
        send(model, 'answer'),
      ];
      expect(await Promise.all(answers)).toEqual([1, 1, 1, expect.any(Number)]);
    });

    it('answers each of 10,000 that meet a queue for 100', async () => {
      const model = await load(faulty({ maxQueuedPerModel: 100 }));
      const codes = await Promise.all([send(model, 'block 20'), ...times(10_000, () => send(model, 'answer'))]);
      expect(codes.filter((code) => code === 'QUEUE_FULL')).toHaveLength(9_900);
      expect(codes.slice(0, 101)).toEqual([1, ...times(100, () => 100)]);
    });

    it('gives a model back only after the last part of a failed call', async () => {
      const model = await load(faulty());
      const answers = [send(model, 'block 20'), send(model, 'answer'), send(model, 'throw'), send(model, 'answer')];
      await model.release();
      expect(await Promise.all(answers)).toEqual([1, 1, 'PREDICTION_FAILED', 1]);
    });

    it('leaves nothing behind: no place in the queue, no timer, no listener, no thread too many', async () => {
      const pool = faulty({ threads: 2 });
      const model = await load(pool);
      const { signal } = new AbortController();
      setMaxListeners(0, signal);
      const commands = ['answer', 'throw', 'block 5', 'one-row-more', 'exit', 'answer'];
      await Promise.all(
        times(10, () => commands.map((command) => send(model, command, { signal, timeoutMs: 1_500 }))).flat(),
      );
      const { waitingModels } = pool as unknown as { waitingModels: Set<unknown> };
      await until(
        () => model.queue.size + model.activeThreads + waitingModels.size === 0 && threadsOf(pool).length === 2,
      );
      // One listener for all, with an empty list (see abort-listeners.ts).
      expect(getEventListeners(signal, 'abort').length).toBeLessThanOrEqual(1);
      await pool.close();
      expect(process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort')).toEqual([]);
    });
  });
});
