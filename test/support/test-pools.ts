import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { PoolEvent } from '../../src/engines/pool/pool-event.js';
import { WorkerPool } from '../../src/engines/pool/worker-pool.js';
import type { WorkerPoolOptions } from '../../src/engines/pool/pool-options.js';
import { Gate } from './gate.js';
import { until } from './until.js';

/** Pools of a test, which are closed after it, and what they told. */
export interface TestPools {
  readonly makePool: (options?: Partial<WorkerPoolOptions>) => WorkerPool;
  /** Of all pools of the test. */
  readonly events: PoolEvent[];
  /** A closed gate for threads of `faulty-worker.cjs`. */
  readonly makeGate: () => Gate;
}

/** What tests see of the threads of a pool. */
interface ThreadInside {
  readonly isFree: boolean;
}

/** The threads of a pool that live. */
export function threadsOf(pool: WorkerPool): readonly ThreadInside[] {
  const { supervisor } = pool as unknown as { readonly supervisor: { readonly threads: ReadonlySet<ThreadInside> } };
  return [...supervisor.threads];
}

/** Waits until every thread of a pool can take work. */
export function untilAllFree(pool: WorkerPool): Promise<void> {
  return until(() => threadsOf(pool).every(({ isFree }) => isFree));
}

/** To be called in a `describe`. @param defaults  options of every pool, unless a test wants others. */
export function useTestPools(defaults: Partial<WorkerPoolOptions> = {}): TestPools {
  const pools: WorkerPool[] = [];
  const events: PoolEvent[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'bestrun-gates-'));
  const gates: Gate[] = [];
  afterEach(async () => {
    for (const gate of gates) gate.open();
    await Promise.all(pools.splice(0).map((pool) => pool.close()));
    events.length = 0;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const makeGate = (): Gate => {
    const gate = new Gate(join(folder, String(gates.length)));
    gates.push(gate);
    return gate;
  };
  const makePool = (options: Partial<WorkerPoolOptions> = {}): WorkerPool => {
    const pool = new WorkerPool({
      threads: 1,
      hangGraceMs: 50,
      maxQueuedPerModel: 1_000,
      loadTimeoutMs: 10_000,
      onEvent: (event) => void events.push(event),
      ...defaults,
      ...options,
    });
    pools.push(pool);
    return pool;
  };
  return { makePool, events, makeGate };
}
