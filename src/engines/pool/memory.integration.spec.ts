import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { matMulModel } from '../../../test/support/engines/matmul-model.js';
import { predictTensors } from '../../../test/support/engines/predict-tensors.js';
import { untilAllFree, useTestPools } from '../../../test/support/test-pools.js';
import { until } from '../../../test/support/until.js';
import type { AppError } from '../../domain/app-error.js';
import type { Tensor } from '../../domain/tensor.js';
import type { LoadRequest } from '../inference-engine.js';
import { MemoryBudget } from '../memory/memory-budget.js';
import { privateNeed } from '../memory/memory-need.js';
import type { PoolModel } from './pool-model.js';
import type { WorkerPool } from './worker-pool.js';

const faultyWorker = join(__dirname, '..', '..', '..', 'test', 'support', 'faulty-worker.cjs');
const MIB = 1024 * 1024;

describe('the memory of models', () => {
  const { makePool, events, makeGate } = useTestPools({ threads: 2, workerFile: faultyWorker });
  let folder: string;
  let copyBytes: number;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bestrun-memory-'));
    for (const path of ['one', 'two', 'exit']) {
      writeFileSync(join(folder, path), '');
      truncateSync(join(folder, path), 100 * MIB);
    }
    ({ copyBytes } = await privateNeed(requestOf('one')));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const requestOf = (path: string, more: Partial<LoadRequest> = {}): LoadRequest => ({
    format: 'tfjs-layers',
    runFolder: folder,
    path,
    ...more,
  });
  const budgetFor = (copies: number) => new MemoryBudget(copies * copyBytes);
  const load = async (pool: WorkerPool, path: string, more?: Partial<LoadRequest>): Promise<PoolModel> => {
    await untilAllFree(pool);
    return (await pool.load(requestOf(path, more))) as PoolModel;
  };
  const ask = async (model: PoolModel, command: string): Promise<unknown> => {
    const inputs = new Map<string, Tensor>([['command', { dtype: 'string', shape: [1], data: [command] }]]);
    return predictTensors(model, inputs, { outputNames: ['thread'], timeoutMs: 10_000 });
  };
  /** Many calls at once, of which one holds its thread. */
  const crowd = async (model: PoolModel, while_: () => Promise<void>): Promise<void> => {
    for (let i = 0; i < 8; i += 1) await ask(model, 'block 8');
    const gate = makeGate();
    const calls = Promise.all(Array.from({ length: 6 }, () => ask(model, gate.command)));
    await while_();
    gate.open();
    await calls;
  };
  const told = () => events.filter(({ kind }) => kind === 'model-not-replicated');

  it('is refused beyond the budget, with what is needed and what is left, and given back by a release', async () => {
    const memory = budgetFor(1.5);
    const pool = makePool({ memory });
    const one = await load(pool, 'one');

    await expect(load(pool, 'two')).rejects.toMatchObject({
      code: 'MEMORY_EXCEEDED',
      message: 'The run needs about 302 MiB of memory, and 151 MiB of the 453 MiB for models are left.',
    });
    expect(one.memory).toEqual({ bytes: copyBytes, copies: 1, shared: false });
    await one.release();
    expect(memory.reservedBytes).toBe(0);
    expect((await load(pool, 'two')).memory.bytes).toBe(copyBytes);
  });

  it('is that of every copy', async () => {
    const memory = budgetFor(2);
    const model = await load(makePool({ memory }), 'one');
    await crowd(model, () => until(() => model.activeThreads === 2 && !model.isAddingReplica));

    expect(model.memory).toEqual({ bytes: 2 * copyBytes, copies: 2, shared: false });
    expect(memory.leftBytes).toBe(0);
    await model.release();
    expect(memory.reservedBytes).toBe(0);
  });

  it('is not asked twice for a further copy that does not fit: one thread computes, and a line says why', async () => {
    const model = await load(makePool({ memory: budgetFor(1.5) }), 'one');
    for (let i = 0; i < 2; i += 1) {
      await crowd(model, () => until(() => told().length > 0));
      model.replicaNotBefore = 0;
    }

    expect(model.memory.copies).toBe(1);
    expect(told()).toEqual([
      {
        kind: 'model-not-replicated',
        path: join(folder, 'one'),
        cause: 'A copy needs about 302 MiB of memory, and 151 MiB of the 453 MiB for models are left.',
      },
    ]);
  });

  it.each([
    [
      'is not taken for a further copy of a model whose calls cost the same whatever they hold',
      'weights 20',
      'answer',
      1,
    ],
    ['is taken for one of a model that computes', 'one', 'block 5', 2],
  ])('%s', async (_what, path, command, copies) => {
    writeFileSync(join(folder, path), '');
    truncateSync(join(folder, path), 100 * MIB);
    const model = await load(makePool({ memory: budgetFor(9), maxBatchRows: 64 }), path);
    const askRows = (rows: number) => {
      const data = Array.from({ length: rows }, () => command);
      const inputs = new Map<string, Tensor>([['command', { dtype: 'string', shape: [rows], data }]]);
      return predictTensors(model, inputs, { outputNames: ['thread'], timeoutMs: 10_000 });
    };
    for (let rows = 1; rows <= 8; rows += 1) await askRows(rows);
    for (let i = 0; i < 5; i += 1) await Promise.all(Array.from({ length: 8 }, () => askRows(2)));
    await until(() => !model.isAddingReplica);

    const declined = events.filter(({ kind }) => kind === 'model-copy-declined');
    expect(model.memory.copies).toBe(copies);
    expect(declined.map((event) => 'bytes' in event && event.bytes)).toEqual(copies === 1 ? [copyBytes] : []);
  });

  it('is not taken for a further copy before some calls were measured', async () => {
    const model = await load(makePool({ memory: budgetFor(9) }), 'one');
    const gate = makeGate();
    const calls = Promise.all(Array.from({ length: 6 }, () => ask(model, gate.command)));
    await until(() => model.queue.size > 0);

    expect(model.memory.copies).toBe(1);
    gate.open();
    await calls;
  });

  it('is taken from idle further copies for another model', async () => {
    const pool = makePool({ memory: budgetFor(2) });
    const one = await load(pool, 'one');
    await crowd(one, () => until(() => one.activeThreads === 2 && !one.isAddingReplica));
    const two = await load(pool, 'two');

    expect([one.memory.copies, two.memory.copies]).toEqual([1, 1]);
    await expect(load(pool, 'exit')).rejects.toMatchObject({ code: 'MEMORY_EXCEEDED' });
    await ask(one, 'answer');
  });

  it('is given back by a thread that is lost, when it is gone', async () => {
    const memory = budgetFor(1);
    const model = await load(makePool({ memory, threads: 1 }), 'one');
    const outcome = await ask(model, 'exit').catch((error: unknown) => (error as AppError).code);
    await ask(model, 'answer');

    expect([outcome, model.memory.copies]).toEqual(['WORKER_LOST', 1]);
    expect(memory.reservedBytes).toBe(copyBytes);
  });

  it('is given back when a model cannot be loaded', async () => {
    const memory = budgetFor(1);
    const pool = makePool({ memory, workerFile: undefined });

    await expect(load(pool, 'one')).rejects.toMatchObject({ code: expect.any(String) as string });
    expect(memory.reservedBytes).toBe(0);
  });

  it('is that of as many copies as the card allows', async () => {
    const model = await load(makePool({ memory: budgetFor(9) }), 'one', { copies: 1 });
    await crowd(model, () => until(() => model.queue.size > 0));

    expect(model.memory.copies).toBe(1);
  });

  it('is what was measured before, where that is known', async () => {
    const model = await load(makePool({ memory: budgetFor(1) }), 'one', { measuredBytes: 250 * MIB });

    expect(model.memory.bytes).toBe(252 * MIB);
  });

  it('is shared by the copies of a large ONNX model, where no copy with weights of its own would fit', async () => {
    writeFileSync(join(folder, 'model.onnx'), matMulModel({ layers: 9, size: 512 }));
    const sharing = { folder: join(folder, 'cache'), maxBytes: 100 * MIB, minBytes: MIB };
    const memory = new MemoryBudget(18 * MIB);
    const pool = makePool({ memory, sharing, processes: 2, workerFile: undefined });
    const model = await load(pool, 'model.onnx', { format: 'onnx' });

    expect(model.info.memory).toMatchObject({ weights: 'shared', sharedBytes: 9 * MIB });
    // What two processes share counts half in each.
    expect(model.memory).toEqual({ bytes: (4.5 + 8) * MIB, copies: 1, shared: true });
    await model.release();
    expect(memory.reservedBytes).toBe(0);
  });
});
