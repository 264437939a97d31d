import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { Gate } from '../../../test/support/gate.js';
import { onDemandRun } from '../../../test/support/registry/on-demand-runs.js';
import { TestRegistry } from '../../../test/support/registry/test-registry.js';
import { TestStore, sha256 } from '../../../test/support/stores/build-store.js';
import type { ModelState, TrialRecord } from '../../domain/model-state.js';
import type { VerdictReason } from '../../domain/verdict.js';
import { MemoryBudget } from '../../engines/memory/memory-budget.js';
import { WorkerPool } from '../../engines/pool/worker-pool.js';
import type { TrialLease } from '../../engines/trial/trial-host.js';
import { TrialProcesses } from '../../engines/trial/trial-processes.js';
import { STATE_FILE } from '../../sources/state/local-state-store.js';
import { thisOwner } from './trial-owner.js';
import { trialSubject } from './trial-records.js';

const TIMEOUT_MS = 300;
const limits = { loadTimeoutMs: 20_000, predictionTimeoutMs: TIMEOUT_MS, memoryBytes: 2 ** 30 };
const workerFile = join(__dirname, '..', '..', '..', 'test', 'support', 'faulty-worker.cjs');

/** Counts what is tried. */
class CountedTrials extends TrialProcesses {
  count = 0;
  override lease(): ReturnType<TrialProcesses['lease']> {
    this.count += 1;
    return super.lease();
  }
}

describe('a run on trial', () => {
  const serving = new WorkerPool({
    threads: 1,
    hangGraceMs: 50,
    maxQueuedPerModel: 100,
    loadTimeoutMs: 20_000,
    workerFile,
  });
  const stores: TestStore[] = [];
  const registries: TestRegistry[] = [];
  let trials: CountedTrials;
  beforeAll(() => void (trials = new CountedTrials({ limits, maxBatchRows: 100, workerFile })));
  beforeEach(() => void (trials.count = 0));
  afterEach(() => {
    for (const registry of registries.splice(0)) registry.close();
  });
  afterAll(async () => {
    await Promise.all([trials.close(), serving.close()]);
    for (const store of stores) store.remove();
  });

  /** A store whose best run, `first`, does what its one example says; the next best is sound. */
  const storeWith = (command: string): TestStore => {
    const examples = [{ input: { command }, output: { length: command.length } }];
    const store = new TestStore()
      .addModel('m')
      .addRun('m', 'first', { ...onDemandRun, metrics: { f1: 0.9 }, examples }, 'tfjs-layers-sum')
      .addRun('m', 'second', { ...onDemandRun, metrics: { f1: 0.8 } }, 'tfjs-layers-sum');
    stores.push(store);
    return store;
  };
  /** Keeps a run that computes its command busy until it is opened. */
  const makeGate = (): Gate => {
    const folder = new TestStore();
    stores.push(folder);
    return new Gate(folder.path('gate'));
  };
  const start = async (store: TestStore, host: TrialProcesses = trials): Promise<TestRegistry> => {
    const registry = await TestRegistry.start(store, serving, undefined, host);
    registries.push(registry);
    return registry;
  };
  const reasonOf = (registry: TestRegistry, runId = 'first'): VerdictReason | undefined =>
    registry.model('m').runs.find(({ run }) => run.run_id === runId)?.verdict.reasons[0];
  const stateOf = (store: TestStore) => store.readJson(`m/${STATE_FILE}`) as unknown as ModelState;
  const recordsOf = (store: TestStore): TrialRecord[] => Object.values(stateOf(store).trials);

  it('that passes serves with what its trial has found, and is not remembered', async () => {
    const store = storeWith('answer');
    // However busy the machine is, this run has the time that it needs.
    const patient = new CountedTrials({
      limits: { ...limits, predictionTimeoutMs: 60_000 },
      maxBatchRows: 100,
      workerFile,
    });
    const registry = await start(store, patient);

    expect(registry.servedBy('m')).toBe('first');
    expect(registry.model('m').best!.loaded.trialReport).toMatchObject({ loadMs: expect.any(Number) as number });
    expect(registry.model('m').runs[0]!.verdict.warnings.map(({ code }) => code)).toEqual([
      'EXAMPLES_FEW',
      'CONTRACT_TOO_WIDE',
    ]);
    expect([recordsOf(store), patient.count]).toEqual([[], 1]);
    await patient.close();
  });

  it('that hangs gives way to the next best, is tried once more, and not again by any server', async () => {
    const store = storeWith('hang');
    const registry = await start(store);
    expect(registry.servedBy('m')).toBe('second');
    expect(reasonOf(registry)).toMatchObject({
      code: 'TRIAL_TIMED_OUT',
      message: 'While its examples were computed, the run did not answer within 300 ms (PREDICTION_TIMEOUT_MS).',
      fix: 'The run is tried once more, alone, before this counts: by this server, or by the next one when it ends now.',
    });
    expect(recordsOf(store)).toMatchObject([{ run_id: 'first', outcome: 'timed_out', times: 1, final: false }]);

    await registry.refresh('m');
    expect(reasonOf(registry)?.message).toMatch(/It is not tried again by itself\.$/);
    expect(recordsOf(store)).toMatchObject([{ outcome: 'timed_out', times: 2, final: true }]);
    const tried = trials.count;
    await registry.refresh('m');

    const another = await start(store);
    expect(another.servedBy('m')).toBe('second');
    expect(reasonOf(another)).toMatchObject({
      code: 'TRIAL_TIMED_OUT',
      message: expect.stringMatching(
        / That was at \d{4}-.* \(bestrun .*\)\. It is not tried again by itself\.$/,
      ) as string,
      fix: expect.stringContaining('{"retry": "<run_id>"}') as string,
    });
    // The second start tries the run that serves, and nothing else.
    expect(trials.count).toBe(tried + 1);

    expect(await another.retry('first', 'm')).toBe('second');
    expect([trials.count, recordsOf(store)]).toMatchObject([tried + 2, [{ outcome: 'timed_out', times: 1 }]]);
  });

  it('that hangs has less time at first, so that the next best serves soon', async () => {
    const patient = new CountedTrials({
      limits: { ...limits, predictionTimeoutMs: 3_600_000, firstPredictionTimeoutMs: TIMEOUT_MS },
      maxBatchRows: 100,
      workerFile,
    });
    const registry = await start(storeWith('hang'), patient);
    await patient.close();

    expect(registry.servedBy('m')).toBe('second');
    expect(reasonOf(registry)?.message).toMatch(/within 300 ms \(in its first trial\)\.$/);
  });

  it('that ends its process is not tried again', async () => {
    const store = storeWith('exit');
    const registry = await start(store);

    expect(registry.servedBy('m')).toBe('second');
    expect(reasonOf(registry)).toMatchObject({
      code: 'TRIAL_DIED',
      message:
        'While its examples were computed, the run ended the process in which it was tried. It is not tried again by itself.',
    });
    expect(recordsOf(store)).toMatchObject([{ outcome: 'died', times: 1, final: true }]);
  });

  it('that takes too much memory is told how much it took, and what it may', async () => {
    const small = new CountedTrials({
      limits: { ...limits, predictionTimeoutMs: 20_000, memoryBytes: 256 * 2 ** 20 },
      maxBatchRows: 100,
      workerFile,
    });
    const registry = await start(storeWith('grow'), small);
    await small.close();

    expect(registry.servedBy('m')).toBe('second');
    expect(reasonOf(registry)).toMatchObject({
      code: 'TRIAL_TOO_LARGE',
      message: expect.stringMatching(
        /^While its examples were computed, the run took \d+ MiB of memory; a trial may take 256 MiB \(TRIAL_MEMORY_BYTES\)\./,
      ) as string,
    });
  });

  it('is not blamed for a limit of memory that holds not even the process in which it is tried', async () => {
    const small = new CountedTrials({ limits: { ...limits, memoryBytes: 2 ** 20 }, maxBatchRows: 100, workerFile });
    await expect(start(storeWith('answer'), small)).rejects.toThrow(
      /LOAD_FAILED: The process in which runs are tried takes \d+ MiB before it has a run, and TRIAL_MEMORY_BYTES allows 1 MiB\.\n.*Raise TRIAL_MEMORY_BYTES/,
    );
    await small.close();
  });

  describe('for which there is no memory where it is to serve', () => {
    const MIB = 2 ** 20;
    const pools: WorkerPool[] = [];
    afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));
    const startWithin = async (store: TestStore, memory: MemoryBudget, host: TrialProcesses) => {
      const pool = new WorkerPool({
        threads: 1,
        hangGraceMs: 50,
        maxQueuedPerModel: 100,
        loadTimeoutMs: 20_000,
        workerFile,
        memory,
      });
      pools.push(pool);
      const registry = await TestRegistry.start(store, pool, undefined, host);
      registries.push(registry);
      return registry;
    };

    it('is refused by the size of its files, without a trial', async () => {
      const store = storeWith('answer');
      const weights = 'm/runs/first/artifacts/weights.bin';
      store.write(weights, ' '.repeat(20 * MIB));
      const model = {
        ...onDemandRun.model!,
        files: [{ path: 'artifacts/weights.bin', sha256: sha256(store.path(weights)) }],
      };
      store.write('m/runs/first/run.json', { ...store.readJson('m/runs/first/run.json'), model });

      const registry = await startWithin(store, new MemoryBudget(16 * MIB), trials);

      expect([registry.servedBy('m'), trials.count]).toEqual(['second', 1]);
      expect(reasonOf(registry)).toMatchObject({
        code: 'MEMORY_EXCEEDED',
        message: 'The run needs at least 22 MiB of memory, and 16 MiB of the 16 MiB for models are left.',
      });
    });

    it('is refused by what its trial measured, and the next time without a trial', async () => {
      const greedy = new (class extends CountedTrials {
        override async lease() {
          const lease = await super.lease();
          const report = { peakBytes: this.count === 1 ? 20 * MIB : 0, loadMs: 1, callMs: 1 };
          return Object.create(lease, { report: { value: report } }) as TrialLease;
        }
      })({ limits: { ...limits, predictionTimeoutMs: 20_000 }, maxBatchRows: 100, workerFile });
      const registry = await startWithin(storeWith('answer'), new MemoryBudget(16 * MIB), greedy);
      expect([registry.servedBy('m'), greedy.count]).toEqual(['second', 2]);
      expect(reasonOf(registry)?.message).toMatch(/^The run needs about 22 MiB of memory, and \d+ MiB of the 16 MiB /);

      await registry.refresh('m');

      expect(greedy.count).toBe(2);
      expect(reasonOf(registry)?.message).toMatch(
        /^The run needs at least 22 MiB of memory, and \d+ MiB of the 16 MiB /,
      );
      await greedy.close();
    });
  });

  it('that failed is tried again when the limits or the run change', async () => {
    const store = storeWith('exit');
    await start(store);
    const slower = new CountedTrials({
      limits: { ...limits, predictionTimeoutMs: TIMEOUT_MS + 1 },
      maxBatchRows: 100,
      workerFile,
    });

    const other = await start(store, slower);
    expect([reasonOf(other)?.code, slower.count]).toEqual(['TRIAL_DIED', 2]);
    await slower.close();

    const file = 'm/runs/first/run.json';
    store.write(file, { ...store.readJson(file), examples: onDemandRun.examples! });
    await other.refresh('m');
    expect(trials.count).toBe(2);
    expect((await start(store)).servedBy('m')).toBe('first');
  });

  /** As a server leaves it that ends in the middle of a trial. */
  const interrupt = async (store: TestStore, by: Partial<TrialRecord['by']>): Promise<void> => {
    const registry = await start(store);
    const [digest, record] = Object.entries(stateOf(store).trials)[0]!;
    const trying = { ...record, outcome: 'trying', times: 0, final: false, by: { ...record.by, ...by } };
    store.write(`m/${STATE_FILE}`, { ...stateOf(store), trials: { [digest]: trying } });
    registry.close();
    trials.count = 0;
  };

  it('in whose trial the server ended is not tried again', async () => {
    const store = storeWith('exit');
    await interrupt(store, { pid: process.ppid, started: 'another one' });

    const registry = await start(store);

    expect([registry.servedBy('m'), trials.count]).toEqual(['second', 1]);
    expect(reasonOf(registry)).toMatchObject({
      code: 'TRIAL_DIED',
      message: expect.stringContaining('the server ended before the trial was over') as string,
    });
  });

  it('in whose trial the server ended is tried once more when it served before: a power cut is not its fault', async () => {
    const gate = makeGate();
    gate.open();
    const store = storeWith(gate.command);
    const { sourceRun } = (await start(store)).model('m').runs.find(({ run }) => run.run_id === 'first')!;
    const { digest, limits: tried, engine } = trialSubject('m', sourceRun.run!, [], limits);
    const by = { ...thisOwner(), pid: process.ppid, started: 'another one' };
    const interruptAgain = (times: number): void => {
      const trying = { run_id: 'first', outcome: 'trying', times, final: false, reason: '', at: 'then', engine, by };
      store.write(`m/${STATE_FILE}`, { ...stateOf(store), trials: { [digest]: { ...trying, limits: tried } } });
      trials.count = 0;
    };

    interruptAgain(0);
    expect((await start(store)).servedBy('m')).toBe('first');
    expect([trials.count, recordsOf(store)]).toEqual([1, []]);

    interruptAgain(1);
    const registry = await start(store);
    expect([registry.servedBy('m'), trials.count, reasonOf(registry)?.code]).toEqual(['second', 1, 'TRIAL_DIED']);
  });

  it('that another living server tries, or one of another host, is tried here as well', async () => {
    for (const by of [{}, { host: 'elsewhere', pid: 1 }]) {
      const store = storeWith('exit');
      await interrupt(store, by);

      await start(store);

      expect(trials.count).toBe(2);
    }
  });

  it('that is broken off by a stop is no fault of the run', async () => {
    const store = storeWith(makeGate().command);
    const patient = new CountedTrials({
      limits: { ...limits, predictionTimeoutMs: 20_000 },
      maxBatchRows: 100,
      workerFile,
    });
    const starting = start(store, patient).catch(() => undefined);
    while (!existsSync(store.path(`m/${STATE_FILE}`))) await new Promise(setImmediate);
    expect(recordsOf(store)).toMatchObject([{ outcome: 'trying' }]);

    await patient.close();
    await starting;

    expect(recordsOf(store)).toEqual([]);
  });

  it('that hangs on the examples of the champion does not take over', async () => {
    const gate = makeGate();
    gate.open();
    const store = storeWith(gate.command);
    const registry = await start(store);
    expect(registry.servedBy('m')).toBe('first');

    gate.close();
    store.addRun('m', 'third', { ...onDemandRun, metrics: { f1: 0.95 } }, 'tfjs-layers-sum');

    expect(await registry.refresh('m')).toBe('first');
    expect(reasonOf(registry, 'third')).toMatchObject({
      code: 'TRIAL_TIMED_OUT',
      message: expect.stringMatching(/^While it computed the examples of the served run, /) as string,
    });
  });
});
