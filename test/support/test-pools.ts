import type { PoolEvent } from '../../src/engines/pool/pool-event.js';
import { WorkerPool } from '../../src/engines/pool/worker-pool.js';
import type { WorkerPoolOptions } from '../../src/engines/pool/worker-pool.js';

/** Pools of a test, which are closed after it, and what they told. */
export interface TestPools {
  readonly makePool: (options?: Partial<WorkerPoolOptions>) => WorkerPool;
  /** Of all pools of the test. */
  readonly events: PoolEvent[];
}

/** To be called in a `describe`. @param defaults  options of every pool, unless a test wants others. */
export function useTestPools(defaults: Partial<WorkerPoolOptions> = {}): TestPools {
  const pools: WorkerPool[] = [];
  const events: PoolEvent[] = [];
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.close()));
    events.length = 0;
  });
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
  return { makePool, events };
}
