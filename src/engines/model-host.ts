import type { PredictionTiming } from '../domain/prediction-timing.js';
import type { TensorPart } from '../domain/tensor-rows.js';
import type { LoadRequest, ModelInfo } from './inference-engine.js';

/** How one prediction is to be computed. */
export interface PredictOptions {
  /** Which outputs to give; names of `info.outputs`. */
  readonly outputNames: readonly string[];
  /** Longest time from the call of `predictParts` to its answer, waiting included, in milliseconds. */
  readonly timeoutMs: number;
  /** `performance.now()` from which `timeoutMs` counts, when that was before the call. */
  readonly sinceMs?: number;
  /**
   * Gives the engine one row at a time, for a model whose rows change each other's answers or that takes one row only.
   * It is slower; by default all rows of a request, and of others that wait, share one call of the engine.
   */
  readonly rowByRow?: boolean;
  /** Computes it in a call of its own, and a failure is expected: it is no event. */
  readonly isolated?: boolean;
  /** Removes the request from the queue when its caller has gone. */
  readonly signal?: AbortSignal;
  /** Gets `queueMs`, `batchRows` and `inferMs` of the call that answered. */
  readonly timing?: PredictionTiming;
}

/** What a model takes of memory: measured where somebody has measured, else estimated from its files. */
export interface MemoryUse {
  /** Bytes of all copies in this process; of what processes share, this one's part. */
  readonly bytes: number;
  /** Threads that hold it, the main thread among them. */
  readonly copies: number;
  /** Whether the copies share their weights. */
  readonly shared: boolean;
}

/** A model that another thread holds, seen from the main thread. */
export interface ModelHandle {
  readonly info: ModelInfo;
  readonly memory: MemoryUse;
  /** Whether its calls are computed on the main thread at the moment, unless many rows wait; not unless said. */
  readonly isInline?: boolean;
  /**
   * Computes all rows of the inputs, as one answer. Waiting predictions may share a call; a failure of one does not
   * affect the others.
   *
   * @param inputs  one tensor per model input, rows on axis 0; several parts where rows have different shapes. Ownership
   *   is transferred: typed arrays that own their memory are moved to the other thread and are empty afterwards.
   * @returns the requested outputs in parts, rows in the order of the inputs: one for rows that were computed together.
   * @throws AppError QUEUE_FULL, PREDICTION_TIMEOUT, PREDICTION_FAILED, WORKER_LOST or SHUTTING_DOWN; the reason of the
   *   signal when it aborted.
   */
  predictParts(inputs: readonly TensorPart[], options: PredictOptions): Promise<readonly TensorPart[]>;
  /** Called with the number of threads that compute it and cannot be ended, whenever one more does. */
  onStuck?: ((threads: number) => void) | undefined;
  /** Ends its waiting predictions with WORKER_LOST, and those to come: no thread computes it any more. */
  holdBack?(): void;
  /** Lets pending predictions finish, then releases the model's memory. */
  release(): Promise<void>;
}

/** The threads of a host. */
export interface ThreadCounts {
  /** As many as there should be. */
  readonly configured: number;
  /** Those that take work, or will in a moment. */
  readonly working: number;
  /** Those that were given up and cannot be ended: they run native code. */
  readonly stuck: number;
}

/** Loads models and computes predictions outside of the thread that answers requests. */
export abstract class ModelHost {
  /** @throws RunError with a verdict code when the artifact cannot be loaded. */
  abstract load(request: LoadRequest): Promise<ModelHandle>;

  /**
   * Makes room for a model that is to be tried elsewhere before it is loaded here; reserves nothing.
   *
   * @throws RunError MEMORY_EXCEEDED when even the least that it can take does not fit.
   */
  requireMemory(_request: LoadRequest): Promise<void> {
    return Promise.resolve();
  }

  /** Its threads now; undefined where it has none of its own. */
  get threadCounts(): ThreadCounts | undefined {
    return undefined;
  }

  /** Why it cannot go on as it should, a sentence that may be published; undefined while it can. */
  get problem(): string | undefined {
    return undefined;
  }

  /** Ends everything: waiting and running predictions get SHUTTING_DOWN, and no thread is left. */
  abstract close(): Promise<void>;
}
