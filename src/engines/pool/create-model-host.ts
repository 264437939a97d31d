import type { WeightSharing } from '../inference-engine.js';
import type { MemoryBudget } from '../memory/memory-budget.js';
import type { ModelHost } from '../model-host.js';
import type { PoolListener } from './pool-event.js';
import { WorkerPool } from './worker-pool.js';

/** Time a thread has after the deadline of its prediction before it counts as hung, milliseconds. */
const HANG_GRACE_MS = 500;

interface ModelHostOptions {
  readonly threads: number;
  /**
   * How long a call may take before its thread is replaced, milliseconds, even when its callers have shorter limits; 0
   * unless set.
   */
  readonly callTimeoutMs?: number;
  readonly maxQueuedPerModel: number;
  /** Most rows of one call, be they of one request or of several. */
  readonly maxBatchRows: number;
  /** Most bytes of tensors that may wait, of all models together; without limit unless set. */
  readonly maxQueuedBytes?: number;
  /** How long a request may wait for others to share its call, milliseconds; 0 unless set. */
  readonly batchWaitMs?: number;
  /** Longest call that may be computed on the main thread, milliseconds; 0 unless set: none. */
  readonly inlineMaxMs?: number;
  readonly loadTimeoutMs: number;
  /** What every copy of a model asks before it is loaded; without limit unless set. */
  readonly memory?: MemoryBudget;
  /** Server processes that load the same models and share weights, this one included; 1 unless set. */
  readonly processes?: number;
  /** Copies of large models share no weights unless set. */
  readonly sharing?: WeightSharing;
  readonly onEvent?: PoolListener;
}

/** A model host on worker threads. Its threads start at once; `close()` ends them. */
export function createModelHost(options: ModelHostOptions): ModelHost {
  return new WorkerPool({ ...options, hangGraceMs: HANG_GRACE_MS });
}
