import { fixtureRequest, floatRows } from '../../../test/contracts/inference-engine.contract.js';
import { predictTensors } from '../../../test/support/engines/predict-tensors.js';
import { useTestPools } from '../../../test/support/test-pools.js';
import { PredictionTiming } from '../../domain/prediction-timing.js';
import type { NamedTensors, Tensor } from '../../domain/tensor.js';
import type { ModelHandle, PredictOptions } from '../model-host.js';
import { MemoryBudget } from '../memory/memory-budget.js';
import type { PoolEvent } from './pool-event.js';
import { WorkerThread } from './worker-thread.js';

/** Far above what the fixtures take, so that a busy machine changes nothing. */
const GENEROUS_MS = 1_000;

describe('tiny models on the main thread', () => {
  const { makePool, events } = useTestPools({
    maxBatchRows: 1_024,
    inlineMaxMs: GENEROUS_MS,
    inlineMaxLateMs: GENEROUS_MS,
  });
  const changes = (): PoolEvent[] => events.filter(({ kind }) => kind === 'model-inline');
  const ask = async (model: ModelHandle, tensors: NamedTensors, more: Partial<PredictOptions> = {}) => {
    const outputs = await predictTensors(model, tensors, { outputNames: ['y'], timeoutMs: 5_000, ...more });
    return [...(outputs.get('y')!.data as Float32Array)];
  };
  const sums = (model: ModelHandle, rows: number[][], more?: Partial<PredictOptions>) =>
    ask(model, new Map([['x', floatRows(rows)]]), more);
  const indexed = (model: ModelHandle, index: number) => {
    const tensor: Tensor = { dtype: 'int64', shape: [1], data: BigInt64Array.of(BigInt(index)) };
    return ask(model, new Map([['index', tensor]]));
  };
  /** Calls until the model has proven itself in the thread. */
  const prove = async (call: () => Promise<unknown>): Promise<void> => {
    for (let calls = 0; calls < 500 && changes().length === 0; calls += 1) await call();
    expect(changes()).toEqual([expect.objectContaining({ isInline: true })]);
  };
  const mean = (model: ModelHandle, ids: readonly number[]) => {
    const data = BigInt64Array.from(ids, BigInt);
    return ask(model, new Map([['input_ids', { dtype: 'int64', shape: [1, ids.length], data }]]));
  };
  const provenSum = async (): Promise<ModelHandle> => {
    const model = await makePool().load(fixtureRequest('onnx', 'onnx-sum'));
    await prove(() => sums(model, [[1, 2]]));
    return model;
  };
  /** What the threads are asked from now on. */
  const watchThreads = () => jest.spyOn(WorkerThread.prototype, 'send');
  afterEach(() => jest.restoreAllMocks());

  it('answers there without asking a thread, once calls in a thread were short', async () => {
    const model = await provenSum();
    const send = watchThreads();

    expect(model.isInline).toBe(true);
    expect(await sums(model, [[1, 2]])).toEqual([3]);
    expect(await sums(model, [[1, 2], [3, 4], [5, 6]])).toEqual([3, 7, 11]); // prettier-ignore
    expect(await sums(model, [[7, 8]], { rowByRow: true })).toEqual([15]);
    expect(send).not.toHaveBeenCalled();
  });

  it('computes what arrives in one turn of the event loop in one call, and gives each caller its rows', async () => {
    const model = await provenSum();
    const timings = Array.from({ length: 10 }, () => new PredictionTiming());

    const answers = await Promise.all(timings.map((timing, i) => sums(model, [[i, 1]], { timing })));

    expect(answers).toEqual(timings.map((_, i) => [i + 1]));
    expect(timings.map(({ batchRows }) => batchRows)).toEqual(timings.map(() => 10));
  });

  it('leaves a crowd, rows one by one and calls of their own to the threads', async () => {
    const model = await provenSum();
    const crowd = Array.from({ length: 65 }, (_, i) => [i, i]);
    const send = watchThreads();

    expect(await sums(model, crowd)).toEqual(crowd.map(([a, b]) => a! + b!));
    expect(await sums(model, [[1, 2], [3, 4]], { rowByRow: true })).toEqual([3, 7]); // prettier-ignore
    expect(await sums(model, [[1, 2]], { isolated: true })).toEqual([3]);
    expect(send).toHaveBeenCalledTimes(3);
  });

  it('leaves rows to the threads that are larger than those of the calls that were short', async () => {
    const model = await makePool().load(fixtureRequest('onnx', 'onnx-tokens-unmasked'));
    await prove(() => mean(model, [1, 3]));
    const long = Array.from({ length: 1_000 }, () => 7);
    const send = watchThreads();

    expect(await mean(model, [2, 4])).toEqual([3]);
    expect(send).not.toHaveBeenCalled();
    expect(await mean(model, long)).toEqual([7]);
    expect(send).toHaveBeenCalledTimes(1);
    // Whoever comes first in a turn: all that is read in it may be in one call.
    expect(await Promise.all([mean(model, [2, 4]), mean(model, long)])).toEqual([[3], [7]]);
    expect(send).toHaveBeenCalledTimes(3);
  });

  it('computes larger rows there, and those between, once their own calls were short', async () => {
    const model = await makePool().load(fixtureRequest('onnx', 'onnx-tokens-unmasked'));
    const [longer, long] = [100, 1_000].map((length) => Array.from({ length }, () => 7));
    await prove(() => mean(model, long!));
    const send = watchThreads();

    expect(await mean(model, long!)).toEqual([7]);
    expect(await mean(model, longer!)).toEqual([7]);
    expect(await mean(model, [1, 3])).toEqual([2]);
    expect(send).not.toHaveBeenCalled();
  });

  it('gives a caller the outputs it asked for, whatever others want in the same call', async () => {
    const model = await makePool().load(fixtureRequest('onnx', 'onnx-two'));
    const wish = async (outputNames: string[]) => {
      const tensors = new Map([
        ['a', floatRows([[5]])],
        ['b', floatRows([[2]])],
      ]);
      const [part] = await model.predictParts([{ rows: 1, tensors }], { outputNames, timeoutMs: 5_000 });
      return [...part!.tensors].map(([name, { data }]) => [name, data[0]]);
    };
    await prove(() => wish(['sum']));

    expect(await Promise.all([wish(['sum']), wish(['difference'])])).toEqual([[['sum', 7]], [['difference', 3]]]);
  });

  it('finds the one who fails among others, and computes in the threads from then on', async () => {
    const model = await makePool().load(fixtureRequest('onnx', 'onnx-gather'));
    await prove(() => indexed(model, 1));

    const answers = await Promise.allSettled([indexed(model, 0), indexed(model, 7), indexed(model, 2)]);

    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(answers[1]).toMatchObject({ reason: { code: 'PREDICTION_FAILED' } });
    expect(changes().at(-1)).toMatchObject({ isInline: false });
    expect(model.isInline).toBe(false);
    const send = watchThreads();
    expect(await indexed(model, 2)).toEqual([30]);
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('computes nothing for a caller that went before its turn, or whose time is over by then', async () => {
    const model = await provenSum();
    const controller = new AbortController();
    const timings = [new PredictionTiming(), new PredictionTiming(), new PredictionTiming()];
    const gone = sums(model, [[1, 2]], { signal: controller.signal, timing: timings[0] });
    const late = sums(model, [[1, 2]], { timeoutMs: 5, timing: timings[1] });
    const here = sums(model, [[3, 4]], { timing: timings[2] });
    controller.abort(new Error('gone'));
    for (const until = performance.now() + 10; performance.now() < until;);

    expect(await Promise.allSettled([gone, late, here])).toMatchObject([
      { reason: { message: 'gone' } },
      { reason: { code: 'PREDICTION_TIMEOUT' } },
      { value: [7] },
    ]);
    expect(timings.map(({ batchRows }) => batchRows)).toEqual([0, 0, 1]);
  });

  it('watches the deadline and the caller of what it leaves to the threads', async () => {
    const model = await makePool({ inlineMaxLateMs: 0 }).load(fixtureRequest('onnx', 'onnx-sum'));
    await prove(() => sums(model, [[1, 2]]));
    const controller = new AbortController();
    const listen = jest.spyOn(controller.signal, 'addEventListener');

    expect(await sums(model, [[1, 2]], { signal: controller.signal })).toEqual([3]);
    expect(listen).toHaveBeenCalledTimes(1);
  });

  it('never computes a graph with a loop there, however short its calls are', async () => {
    const model = await makePool().load(fixtureRequest('onnx', 'onnx-slow-rows'));
    const once = new Map<string, Tensor>([
      ['x', floatRows([[1]])],
      ['times', { dtype: 'int64', shape: [1, 1], data: BigInt64Array.of(1n) }],
    ]);
    for (let calls = 0; calls < 50; calls += 1) {
      const copy = new Map([...once].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]));
      await ask(model, copy);
    }

    expect(changes()).toEqual([]);
  });

  it('gives its memory back for another model, and computes in the threads from then on', async () => {
    const memory = new MemoryBudget(Infinity);
    const pool = makePool({ memory });
    const sum = await pool.load(fixtureRequest('onnx', 'onnx-sum'));
    await prove(() => sums(sum, [[1, 2]]));
    expect(sum.memory.copies).toBe(2);
    // Not enough for another model, whose file may be a little larger.
    Object.assign(memory, { limitBytes: memory.reservedBytes + 1024 * 1024 });

    const two = await pool.load(fixtureRequest('onnx', 'onnx-two'));

    expect([sum.memory.copies, two.memory.copies]).toEqual([1, 1]);
    expect(changes().at(-1)).toMatchObject({ isInline: false, cause: 'its memory was needed for another model' });
    const send = watchThreads();
    expect(await sums(sum, [[1, 2]])).toEqual([3]);
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('is one of as many copies as the card allows', async () => {
    const model = await makePool({ threads: 2 }).load({ ...fixtureRequest('onnx', 'onnx-sum'), copies: 1 });
    for (let calls = 0; calls < 50; calls += 1) await sums(model, [[1, 2]]);

    expect(changes()).toEqual([]);
    expect(model.memory.copies).toBe(1);
  });

  it('computes nothing there when it is switched off', async () => {
    const model = await makePool({ inlineMaxMs: 0 }).load(fixtureRequest('onnx', 'onnx-sum'));
    for (let calls = 0; calls < 50; calls += 1) await sums(model, [[1, 2]]);

    expect(changes()).toEqual([]);
  });

  it('ends what was begun there before it gives a model back', async () => {
    const model = await provenSum();
    const answers = Promise.all([sums(model, [[1, 2]]), sums(model, [[3, 4]])]);
    await model.release();

    expect(await answers).toEqual([[3], [7]]);
  });

  it('ends what waits there when the pool is closed', async () => {
    const pool = makePool();
    const model = await pool.load(fixtureRequest('onnx', 'onnx-sum'));
    await prove(() => sums(model, [[1, 2]]));
    const answer = sums(model, [[1, 2]]).catch(({ code }: { code: string }) => code);
    await pool.close();

    expect(await answer).toBe('SHUTTING_DOWN');
  });
});
