import { join } from 'node:path';

import { Gate } from '../../test/support/gate.js';
import { onDemandRun } from '../../test/support/registry/on-demand-runs.js';
import { TestRegistry } from '../../test/support/registry/test-registry.js';
import { TestStore } from '../../test/support/stores/build-store.js';
import { until } from '../../test/support/until.js';
import type { ModelState } from '../domain/model-state.js';
import { WorkerPool } from '../engines/pool/worker-pool.js';
import { STATE_FILE } from '../sources/state/local-state-store.js';

const TIMEOUT_MS = 50;
const workerFile = join(__dirname, '..', '..', 'test', 'support', 'faulty-worker.cjs');
/** Of ONNX, whose threads cannot be ended while they compute. */
const { model: _tfjs, ...run } = onDemandRun;

describe('a run that serves and hangs', () => {
  const serving = new WorkerPool({
    threads: 1,
    hangGraceMs: 50,
    maxQueuedPerModel: 100,
    loadTimeoutMs: 20_000,
    maxStuckThreads: 10,
    stuckAfterMs: 0,
    workerFile,
  });
  const stores: TestStore[] = [];
  const registries: TestRegistry[] = [];
  const gates: Gate[] = [];
  const makeGate = (): Gate => {
    const folder = new TestStore();
    stores.push(folder);
    const gate = new Gate(folder.path('gate'));
    gates.push(gate);
    return gate;
  };
  const storeWith = (...runs: readonly [name: string, f1: number][]): TestStore => {
    const store = new TestStore().addModel('m');
    stores.push(store);
    for (const [name, f1] of runs) store.addRun('m', name, { ...run, metrics: { f1 } });
    return store;
  };
  const start = async (store: TestStore): Promise<TestRegistry> => {
    const registry = await TestRegistry.start(store, serving);
    registries.push(registry);
    return registry;
  };
  const predict = (registry: TestRegistry, command: string, timeoutMs: number): Promise<unknown> =>
    registry.model('m').best!.loaded.predict([{ command }], {
      source: 'body',
      mode: 'strict',
      locOf: () => [],
      include: new Set(),
      timeoutMs,
    });
  const hang = (registry: TestRegistry): Promise<unknown> =>
    predict(registry, makeGate().command, TIMEOUT_MS).catch(({ code }: { code: string }) => code);
  const stateOf = (store: TestStore) => store.readJson(`m/${STATE_FILE}`) as unknown as ModelState;
  const verdictOf = (registry: TestRegistry, runId: string) =>
    registry.model('m').runs.find((registered) => registered.run.run_id === runId)!.verdict.reasons[0];
  afterEach(() => {
    for (const gate of gates.splice(0)) gate.open();
    for (const registry of registries.splice(0)) registry.close();
  });
  afterAll(async () => {
    await serving.close();
    for (const store of stores) store.remove();
  });

  it('gives way to the next best, for every server over the store, until a person has it tried again', async () => {
    const store = storeWith(['first', 0.9], ['second', 0.8]);
    const registry = await start(store);
    expect(registry.servedBy('m')).toBe('first');

    expect(await hang(registry)).toBe('PREDICTION_TIMEOUT');
    await until(() => registry.servedBy('m') === 'second');

    expect(await predict(registry, 'answer', 20_000)).toEqual([{ length: 6 }]);
    await until(() => stateOf(store).history[0]?.event === 'promoted');
    expect(stateOf(store).failed).toMatchObject([{ run_id: 'first', held_back: true }]);
    expect(stateOf(store).history.map(({ event, run_id: id }) => `${event} ${id}`)).toEqual([
      'promoted second',
      'held_back first',
      'served first',
    ]);
    expect(verdictOf(registry, 'first')).toMatchObject({
      code: 'FAILED_IN_SERVICE',
      message: expect.stringMatching(/^A prediction of it does not end \(PREDICTION_TIMEOUT_MS \d+\), and /) as string,
    });

    expect((await start(store)).servedBy('m')).toBe('second');
    expect(await registry.retry('first', 'm')).toBe('first');
    expect(stateOf(store).failed).toEqual([]);
  });

  it('is not served where no other run can, nor where it is pinned, until it is pinned again', async () => {
    const store = storeWith(['only', 0.9]);
    const registry = await start(store);
    await registry.pin('only', 'm');

    await hang(registry);
    await until(() => registry.servedBy('m') === undefined);
    await until(() => stateOf(store).failed.length === 1);

    expect(await registry.refresh('m')).toBeUndefined();
    await expect(start(store)).rejects.toThrow('FAILED_IN_SERVICE: A prediction of it does not end');
    await registry.pin('only', 'm');
    expect(registry.servedBy('m')).toBe('only');
  });
});
