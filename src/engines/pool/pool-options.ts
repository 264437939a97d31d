import type { ResourceLimits } from 'node:worker_threads';

import type { WeightSharing } from '../inference-engine.js';
import type { MemoryBudget } from '../memory/memory-budget.js';
import type { PoolListener } from './pool-event.js';
import type { PoolWorker, ThreadListener } from './pool-worker.js';

/** How a pool is set up; times in milliseconds. */
export interface WorkerPoolOptions {
  /** Threads that compute, at least 1. Each holds the models it was needed for. */
  readonly threads: number;
  /** Time a thread has after the deadline of its prediction before it is ended and replaced; see `hangTimeoutMs`. */
  readonly hangGraceMs: number;
  /**
   * Minimum time a call may take regardless of its callers' deadlines; 0 unless set. A caller with a short deadline
   * gets its answer in time, but must not be able to end a healthy thread.
   */
  readonly callTimeoutMs?: number;
  /** Predictions of one model that may wait for a thread. */
  readonly maxQueuedPerModel: number;
  /** Most rows of one call, be they of one prediction or of several; unless set each prediction has one call of its own. */
  readonly maxBatchRows?: number;
  /** Most bytes of tensors that may wait for threads, of all models together; without limit unless set. */
  readonly maxQueuedBytes?: number;
  /** How long a free thread lets a prediction wait for others to share its call, milliseconds; 0 unless set. */
  readonly batchWaitMs?: number;
  /** Longest time that a call of a tiny model may take on the main thread, milliseconds; 0 unless set: none runs there. */
  readonly inlineMaxMs?: number;
  /** When the event loop is behind by more than this, nothing is computed on it; milliseconds, 5 unless set. */
  readonly inlineMaxLateMs?: number;
  /** Longest time a thread may take to load a model. */
  readonly loadTimeoutMs: number;
  /**
   * Most threads that may be stuck in native code, beside which others are started; twice `threads` unless set. With more
   * than that there is a `problem`, because threads are missing that nothing can replace.
   */
  readonly maxStuckThreads?: number;
  /** How long a thread that was told to end may go on before it counts against the model it computes; 5,000 unless set. */
  readonly stuckAfterMs?: number;
  /** What every copy of a model asks before it is loaded; without limit unless set. */
  readonly memory?: MemoryBudget;
  /** Server processes that load the same models and share weights with this one, it included; 1 unless set. */
  readonly processes?: number;
  /** Copies of large models share no weights unless set. */
  readonly sharing?: WeightSharing;
  /** Memory limits of each thread's JavaScript heap; Node's defaults unless set. */
  readonly resourceLimits?: ResourceLimits;
  /** Compiled file the threads run; the inference worker of this build unless set. */
  readonly workerFile?: string;
  /** Starts another kind of worker than a thread of this process. */
  readonly startWorker?: (listener: ThreadListener) => PoolWorker;
  readonly onEvent?: PoolListener;
}
