import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { fixtureRequest, floatRows } from '../../../test/contracts/inference-engine.contract.js';
import { predictTensors } from '../../../test/support/engines/predict-tensors.js';
import { threadsOf, untilAllFree, useTestPools } from '../../../test/support/test-pools.js';
import { until } from '../../../test/support/until.js';
import type { AppError } from '../../domain/app-error.js';
import type { NamedTensors, Tensor } from '../../domain/tensor.js';
import { RunError } from '../../domain/verdict.js';
import type { LoadRequest } from '../inference-engine.js';
import type { ModelHandle, PredictOptions } from '../model-host.js';
import type { PoolModel } from './pool-model.js';
import { WorkerPool } from './worker-pool.js';
import type { WorkerPoolOptions } from './pool-options.js';

const faultyWorker = join(__dirname, '..', '..', '..', 'test', 'support', 'faulty-worker.cjs');
const block = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

describe(WorkerPool.name, () => {
  const { makePool, events, makeGate } = useTestPools({ maxQueuedPerModel: 100 });
  const failure = async (promise: Promise<unknown>): Promise<AppError> =>
    promise.then(
      () => Promise.reject(new Error('it should have failed')),
      (error: unknown) => error as AppError,
    );

  describe('with real models', () => {
    const sumOf = (model: ModelHandle, ...row: number[]): Promise<number> =>
      predictTensors(model, new Map([['x', floatRows([row])]]), { outputNames: ['y'], timeoutMs: 5_000 }).then(
        (outputs) => (outputs.get('y')!.data as Float32Array)[0]!,
      );

    it('computes models of all formats in its threads', async () => {
      const pool = makePool({ threads: 2 });
      for (const format of ['onnx', 'tfjs-layers', 'tfjs-graph'] as const) {
        const model = await pool.load(fixtureRequest(format, `${format}-sum`));
        expect(model.info.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: [null, 2] }]);
        expect(await Promise.all([sumOf(model, 1, 2), sumOf(model, 3, 4), sumOf(model, 5, 6)])).toEqual([3, 7, 11]);
      }
    });

    it('passes on the verdict on a model that cannot be loaded', async () => {
      const error = await failure(makePool().load(fixtureRequest('onnx', 'onnx-half-input')));
      expect(error).toBeInstanceOf(RunError);
      expect(error).toMatchObject({
        code: 'LOAD_FAILED',
        message: expect.stringContaining('float16') as string,
      });
    });

    it('answers PREDICTION_FAILED for rows the model cannot compute, with the reason for the log alone', async () => {
      const model = await makePool().load(fixtureRequest('onnx', 'onnx-gather'));
      const index = (value: bigint): NamedTensors =>
        new Map<string, Tensor>([['index', { dtype: 'int64', shape: [1], data: BigInt64Array.of(value) }]]);
      const options = { outputNames: ['y'], timeoutMs: 5_000 };
      const error = await failure(predictTensors(model, index(7n), options));
      expect(error).toMatchObject({ code: 'PREDICTION_FAILED', details: {} });
      expect(String((error.cause as Error).message)).toContain('indices element out of data bounds');
      expect((await predictTensors(model, index(2n), options)).get('y')!.data).toEqual(Float32Array.of(30));
    });

    it('moves typed arrays that own their memory and copies views of a larger buffer', async () => {
      const model = await makePool().load(fixtureRequest('onnx', 'onnx-sum'));
      const options = { outputNames: ['y'], timeoutMs: 5_000 };
      const own = Float32Array.of(1, 2);
      await predictTensors(model, new Map([['x', { dtype: 'float32', shape: [1, 2], data: own }]]), options);
      expect(own.length).toBe(0);
      const large = Float32Array.of(1, 2, 3, 4);
      const view = large.subarray(2);
      const outputs = await predictTensors(
        model,
        new Map([['x', { dtype: 'float32', shape: [1, 2], data: view }]]),
        options,
      );
      expect(outputs.get('y')!.data).toEqual(Float32Array.of(7));
      expect([...large]).toEqual([1, 2, 3, 4]);
    });

    it('fails a prediction whose memory was given away before, and goes on', async () => {
      const model = await makePool().load(fixtureRequest('onnx', 'onnx-sum'));
      const x = floatRows([[1, 2]]);
      const options = { outputNames: ['y'], timeoutMs: 5_000 };
      await predictTensors(model, new Map([['x', x]]), options);
      expect(await failure(predictTensors(model, new Map([['x', x]]), options))).toMatchObject({
        code: 'PREDICTION_FAILED',
      });
      expect(await sumOf(model, 1, 2)).toBe(3);
    });

    it('answers PREDICTION_TIMEOUT while native code goes on, and others from a new thread', async () => {
      const pool = makePool({ hangGraceMs: 20 });
      const slow = await pool.load(fixtureRequest('onnx', 'onnx-slow'));
      const quick = await pool.load(fixtureRequest('onnx', 'onnx-sum'));
      const inputs = new Map<string, Tensor>([
        ['x', { dtype: 'float32', shape: [1], data: Float32Array.of(0) }],
        ['times', { dtype: 'int64', shape: [], data: BigInt64Array.of(1_500_000n) }],
      ]);
      const error = await failure(predictTensors(slow, inputs, { outputNames: ['y'], timeoutMs: 100 }));
      expect(error).toMatchObject({ code: 'PREDICTION_TIMEOUT', details: { timeoutMs: 100 } });
      expect(await sumOf(quick, 1, 2)).toBe(3);
      expect(events.map((event) => event.kind)).toContain('thread-hung');
    });

    it('gives a model back after the predictions under way, and loads it again', async () => {
      const pool = makePool({ threads: 2 });
      for (let i = 0; i < 3; i += 1) {
        const model = await pool.load(fixtureRequest('onnx', 'onnx-sum'));
        const answers = Promise.all([sumOf(model, 1, 2), sumOf(model, 3, 4), sumOf(model, 5, 6)]);
        await model.release();
        expect(await answers).toEqual([3, 7, 11]);
        expect(await failure(sumOf(model, 1, 2))).toMatchObject({ code: 'INTERNAL_ERROR' });
      }
    });

    it('leaves nothing that keeps a process alive once it is closed', () => {
      const dist = join(__dirname, '..', '..', '..', 'dist', 'engines', 'pool', 'worker-pool.js');
      const program = `
        const { WorkerPool } = require(${JSON.stringify(dist)});
        const pool = new WorkerPool({ threads: 2, hangGraceMs: 1e6, maxQueuedPerModel: 1, loadTimeoutMs: 1e6 });
        const x = { dtype: 'float32', shape: [1, 2], data: Float32Array.of(1, 2) };
        pool.load(${JSON.stringify(fixtureRequest('onnx', 'onnx-sum'))})
          .then((model) => model.predictParts([{ rows: 1, tensors: new Map([['x', x]]) }], { outputNames: ['y'], timeoutMs: 1e6 }))
          .then(([part]) => console.log(part.tensors.get('y').data[0]))
          .then(() => pool.close());`;
      const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', program], {
        encoding: 'utf8',
        timeout: 10_000,
      });
      expect({ stdout, stderr, status }).toEqual({ stdout: '3\n', stderr: '', status: 0 });
    });

    it('keeps the engines out of the main thread', () => {
      const dist = join(__dirname, '..', '..', '..', 'dist', 'engines', 'pool', 'worker-pool.js');
      const program = `require(${JSON.stringify(dist)});
        console.log(Object.keys(require.cache).filter((file) => /onnxruntime|tensorflow/.test(file)).length);`;
      expect(spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' }).stdout).toBe('0\n');
    });
  });

  describe('with models that misbehave on demand', () => {
    const request = (path = 'model'): LoadRequest => ({ format: 'tfjs-layers', runFolder: '/runs', path });
    const send = (model: ModelHandle, command: string, options: Partial<PredictOptions> = {}): Promise<number> => {
      const inputs = new Map<string, Tensor>([['command', { dtype: 'string', shape: [1], data: [command] }]]);
      return predictTensors(model, inputs, { outputNames: ['thread'], timeoutMs: 5_000, ...options }).then(
        (outputs) => (outputs.get('thread')!.data as Int32Array)[0]!,
      );
    };
    const faulty = (options: Partial<WorkerPoolOptions> = {}): WorkerPool =>
      makePool({ workerFile: faultyWorker, ...options });

    it('starts other threads beside those that cannot be ended, up to a limit, and says when that is reached', async () => {
      const pool = faulty({ hangGraceMs: 20, maxStuckThreads: 1, stuckAfterMs: 0 });
      // Threads are not terminated in the native code of ONNX Runtime: it would end the process.
      const model = await pool.load({ ...request(), format: 'onnx' });
      const other = await pool.load({ ...request('other'), format: 'onnx' });
      const stuck: number[] = [];
      model.onStuck = (threads) => void stuck.push(threads);
      const gate = makeGate();

      expect(await failure(send(model, gate.command, { timeoutMs: 50 }))).toMatchObject({ code: 'PREDICTION_TIMEOUT' });
      expect(await send(other, 'answer')).toBeGreaterThan(0);
      expect([pool.threadCounts, pool.problem]).toEqual([{ configured: 1, working: 1, stuck: 1 }, undefined]);

      expect(await failure(send(model, gate.command, { timeoutMs: 50 }))).toMatchObject({ code: 'PREDICTION_TIMEOUT' });
      await until(() => pool.problem !== undefined && stuck.length === 2);
      expect(pool.problem).toBe('2 threads compute predictions that do not end, and no more are started.');
      expect([pool.threadCounts.working, stuck]).toEqual([0, [1, 2]]);

      gate.open();
      await until(() => pool.problem === undefined);
      expect(await send(other, 'answer')).toBeGreaterThan(0);
      await until(() => pool.threadCounts.stuck === 0);
    });

    it('ends what waits for a model that is held back, and what is to come, and nothing of others', async () => {
      const pool = faulty();
      const [model, other] = [await pool.load(request()), await pool.load(request('other'))];
      const gate = makeGate();
      const running = send(model, gate.command);
      const waiting = failure(send(model, 'answer'));
      const next = send(other, 'answer');

      model.holdBack!();

      expect(await waiting).toMatchObject({ code: 'WORKER_LOST' });
      expect(await failure(send(model, 'answer'))).toMatchObject({ code: 'WORKER_LOST' });
      gate.open();
      expect(await running).toBeGreaterThan(0);
      expect(await next).toBeGreaterThan(0);
    });

    it('tells nothing of what a model throws but to the log', async () => {
      const model = await faulty().load(request());
      const error = await failure(send(model, 'throw'));
      expect(error).toMatchObject({ code: 'PREDICTION_FAILED' });
      expect(error.message).not.toContain('secret');
      expect(events).toContainEqual(
        expect.objectContaining({ kind: 'prediction-failed', cause: expect.stringContaining('secret') as string }),
      );
      expect(await send(model, 'answer')).toBeGreaterThan(0);
    });

    it('replaces a thread that hangs; only its own prediction is lost', async () => {
      const model = await faulty().load(request());
      const [hanging, waiting] = [failure(send(model, 'hang', { timeoutMs: 100 })), send(model, 'answer')];
      expect(await hanging).toMatchObject({ code: 'PREDICTION_TIMEOUT', details: { timeoutMs: 100 } });
      expect(await waiting).toBeGreaterThan(0);
      expect(events.map((event) => event.kind)).toEqual(['model-loaded', 'thread-hung', 'thread-lost', 'model-loaded']);
    });

    it('answers PREDICTION_TIMEOUT even where handing the rows over takes longer than the deadline', async () => {
      const model = await faulty({ hangGraceMs: 0 }).load(request());
      const data = ['hang', ...Array<string>(300_000).fill('answer')];
      const inputs = new Map<string, Tensor>([['command', { dtype: 'string', shape: [data.length], data }]]);
      // Timers of one length fire together: one of a millisecond takes others of a millisecond along, before its time.
      setTimeout(() => {}, 1);
      const slow = failure(predictTensors(model, inputs, { outputNames: ['thread'], timeoutMs: 5 }));
      block(5);
      expect(await slow).toMatchObject({ code: 'PREDICTION_TIMEOUT', details: { timeoutMs: 5 } });
      expect(await send(model, 'answer')).toBeGreaterThan(0);
    });

    it('keeps a thread that ends shortly after its deadline', async () => {
      const model = await faulty({ hangGraceMs: 1_000 }).load(request());
      const thread = await send(model, 'answer');
      expect(await failure(send(model, 'block 150', { timeoutMs: 50 }))).toMatchObject({ code: 'PREDICTION_TIMEOUT' });
      expect(await send(model, 'answer')).toBe(thread);
    });

    it.each(['exit', 'throw-later', 'fill-memory'])(
      'replaces a thread lost by "%s"; waiting predictions are answered',
      async (command) => {
        const pool = faulty({ resourceLimits: { maxOldGenerationSizeMb: 32 } });
        const model = await pool.load(request());
        const [lost, waiting] = [failure(send(model, command)), send(model, 'answer')];
        expect(await lost).toMatchObject({ code: 'WORKER_LOST' });
        expect(await waiting).toBeGreaterThan(0);
      },
    );

    it('lets a model rest that loses one thread after the other, while others are served', async () => {
      const pool = faulty();
      const [bad, good] = [await pool.load(request('bad')), await pool.load(request('good'))];
      const order: string[] = [];
      const losses = [1, 2, 3].map(() =>
        failure(send(bad, 'exit')).then(({ code }) => {
          order.push(code);
        }),
      );
      await losses[1];
      // While the clock stands still the rest lasts, however long another thread takes to start.
      const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now());
      expect(await send(good, 'answer')).toBeGreaterThan(0);
      order.push('answered');
      clock.mockRestore();
      // The end of the rest may have been missed meanwhile; with new work the pool looks again.
      await until(() => send(good, 'answer').then(() => order.length === 4));
      expect(order).toEqual(['WORKER_LOST', 'WORKER_LOST', 'answered', 'WORKER_LOST']);
      const backoffs = events.filter((event) => event.kind === 'model-backoff').map((event) => event.backoffMs);
      expect(backoffs).toEqual([250, 500]);
    });

    it('gives up on a deadline in the queue without computing it', async () => {
      const model = await faulty().load(request());
      const gate = makeGate();
      const busy = send(model, gate.command);
      expect(await failure(send(model, 'exit', { timeoutMs: 50 }))).toMatchObject({ code: 'PREDICTION_TIMEOUT' });
      gate.open();
      expect(await send(model, 'answer')).toBe(await busy);
    });

    it('takes an aborted prediction out of the queue without computing it', async () => {
      const model = await faulty().load(request());
      const busy = send(model, 'block 100');
      const controller = new AbortController();
      const aborted = failure(send(model, 'exit', { signal: controller.signal }));
      controller.abort(new Error('hung up'));
      expect((await aborted).message).toBe('hung up');
      expect(await send(model, 'answer')).toBe(await busy);
      expect((await failure(send(model, 'exit', { signal: controller.signal }))).message).toBe('hung up');
    });

    it('answers an aborted prediction at once when it is being computed, and keeps the thread', async () => {
      const model = await faulty().load(request());
      const thread = await send(model, 'answer');
      const controller = new AbortController();
      const aborted = failure(send(model, 'block 100', { signal: controller.signal }));
      controller.abort(new Error('hung up'));
      expect((await aborted).message).toBe('hung up');
      expect(await send(model, 'answer')).toBe(thread);
    });

    it('refuses when the queue is full and says in how many seconds to try again', async () => {
      const model = await faulty({ maxQueuedPerModel: 3 }).load(request());
      await send(model, 'block 400');
      const accepted = [1, 2, 3, 4].map(() => send(model, 'block 20'));
      const { code, details } = await failure(send(model, 'answer'));
      expect([code, Number.isInteger(details['retryAfterSeconds'])]).toEqual(['QUEUE_FULL', true]);
      // Three that wait for calls of 400 ms or, on a busy machine, more.
      expect(details['retryAfterSeconds']).toBeGreaterThanOrEqual(2);
      await Promise.all(accepted);
      expect(await send(model, 'answer')).toBeGreaterThan(0);
    });

    it('serves the predictions of a model in order, and models in turn', async () => {
      const pool = faulty();
      const [crowded, quiet] = [await pool.load(request('crowded')), await pool.load(request('quiet'))];
      const order: string[] = [];
      const note = (outcome: string) => () => void order.push(outcome);
      await Promise.all([
        ...[1, 2, 3, 4].map((i) => send(crowded, 'block 10').then(note(`crowded ${i}`))),
        ...[1, 2].map((i) => send(quiet, 'block 10').then(note(`quiet ${i}`))),
      ]);
      expect(order).toEqual(['crowded 1', 'crowded 2', 'quiet 1', 'crowded 3', 'quiet 2', 'crowded 4']);
    });

    it('uses several threads for one model under load, and one when there is none', async () => {
      const pool = faulty({ threads: 2 });
      await untilAllFree(pool);
      const model = (await pool.load(request())) as PoolModel;
      const alone: number[] = [];
      for (let i = 0; i < 5; i += 1) alone.push(await send(model, 'answer'));
      expect(new Set(alone).size).toBe(1);
      // Only several long calls make a model long that was quick before.
      for (let i = 0; i < 3; i += 1) await send(model, 'block 20');
      const gate = makeGate();
      const together = Promise.all(Array.from({ length: 12 }, () => send(model, gate.command)));
      await until(() => model.activeThreads === 2 && !model.isAddingReplica);
      gate.open();
      expect(new Set(await together).size).toBe(2);
    });

    it('does not let a prediction wait for a second thread to load the model', async () => {
      const pool = faulty({ threads: 2 });
      const gate = makeGate();
      gate.open();
      await untilAllFree(pool);
      const model = (await pool.load(request(`load-${gate.command}`))) as PoolModel;
      await send(model, 'block 20');
      gate.close();
      const answers = [send(model, 'block 20'), send(model, 'block 20')];
      await until(() => model.isAddingReplica);
      const threads = await Promise.all(answers);
      expect([new Set(threads).size, model.isAddingReplica]).toEqual([1, true]);
    });

    it.each([
      ['load-throw', /^The engine failed while it loaded the model\.$/],
      ['load-exit', /^Loading the model ended the thread/],
      ['load-hang', /^Loading the model took too long\.$/],
    ])('refuses a model that does "%s", and loads others', async (path, sentence) => {
      const pool = faulty({ loadTimeoutMs: 600 });
      const error = await failure(pool.load(request(path)));
      expect(error).toBeInstanceOf(RunError);
      expect(error).toMatchObject({ code: 'LOAD_FAILED', message: expect.stringMatching(sentence) as string });
      expect(await send(await pool.load(request()), 'answer')).toBeGreaterThan(0);
    });

    it('refuses models when its threads cannot start, and does not start them in a storm', async () => {
      const pool = faulty({ workerFile: join(__dirname, 'no-such-file.js'), threads: 2 });
      const error = await failure(pool.load(request()));
      expect(error.message).toBe('The threads that compute models do not start on this machine.');
      const { length: lost } = events.filter((event) => event.kind === 'thread-lost');
      const startMs = performance.now();
      await until(() => events.filter((event) => event.kind === 'thread-lost').length >= lost + 2);
      // The pauses grow: 100, 200, 400 ms …
      expect(performance.now() - startMs).toBeGreaterThan(100);
    });

    it('ends waiting and running predictions and loads when it is closed', async () => {
      const pool = faulty();
      const model = await pool.load(request());
      const running = failure(send(model, 'hang'));
      const waiting = failure(send(model, 'answer'));
      const loading = failure(pool.load(request()));
      await until(() => threadsOf(pool).every(({ isFree }) => !isFree));
      await pool.close();
      const late = [failure(send(model, 'answer')), failure(pool.load(request()))];
      for (const error of await Promise.all([running, waiting, loading, ...late])) {
        expect(error).toMatchObject({ code: 'SHUTTING_DOWN' });
      }
    });
  });
});
