import { join } from 'node:path';

import { AppError } from '../../domain/app-error.js';
import type { NamedTensors } from '../../domain/tensor.js';
import type { LoadRequest, ModelInfo } from '../inference-engine.js';
import type { ModelHandle, PredictOptions } from '../model-host.js';
import type { ModelQueue } from '../batching/model-queue.js';
import { PendingPrediction } from '../batching/pending-prediction.js';

/** What a model needs of the pool that holds it. */
export interface ModelEvents {
  /** Something waits: give it to a thread that is free. */
  onWork(model: PoolModel): void;
  /** Nothing waits or runs any more, and nothing will: threads may give the model back. */
  onDrain(model: PoolModel): void;
}

const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 10_000;

/** One model of the pool: its queue, and what the pool knows of how it behaves. */
export class PoolModel implements ModelHandle {
  info: ModelInfo;
  /** Threads that are loading it or computing with it at this moment. */
  activeThreads = 0;
  /** No thread takes work of this model before this time (`performance.now()`). */
  backoffUntil = 0;
  /** A thread is loading it beside those that hold it. */
  isAddingReplica = false;
  /** No further thread loads it before this time. */
  replicaNotBefore = 0;

  /** Threads lost on it since its last answer. */
  crashCount = 0;
  private closing: { promise: Promise<void>; resolve: () => void } | undefined;
  private rejection: AppError | undefined;

  constructor(
    readonly key: number,
    readonly request: LoadRequest,
    readonly queue: ModelQueue,
    private readonly events: ModelEvents,
  ) {}

  /** The artifact, for logs. */
  get path(): string {
    return join(this.request.runFolder, this.request.path);
  }

  /** Whether a thread may be ended while it works on this model (see `Errand`). */
  get canTerminate(): boolean {
    return this.request.format !== 'onnx';
  }

  /** Threads were lost on it: none takes its work for now. */
  get isBackingOff(): boolean {
    return this.backoffUntil > 0 && this.backoffUntil > performance.now();
  }

  /** A call so quick that waiting for the one under way is cheaper than waking another thread. */
  get waitsForOwnThread(): boolean {
    return this.activeThreads > 0 && this.queue.latency.isQuick;
  }

  async predict(inputs: NamedTensors, options: PredictOptions): Promise<NamedTensors> {
    options.signal?.throwIfAborted();
    if (this.rejection) throw this.rejection;
    this.queue.assertNotFull();
    const prediction = new PendingPrediction(inputs, options, this.onLeave);
    if (prediction.hasNoTimeLeft) prediction.timeOut();
    else {
      this.queue.add(prediction);
      this.events.onWork(this);
    }
    return prediction.result;
  }

  release(): Promise<void> {
    this.rejection ??= new AppError('INTERNAL_ERROR', {}, { cause: new Error('predict() after release()') });
    if (!this.closing) {
      let resolve = () => {};
      const promise = new Promise<void>((done) => (resolve = done));
      this.closing = { promise, resolve };
      this.endIfIdle();
    }
    return this.closing.promise;
  }

  /** The pool closes: nothing waits any longer, nothing comes in. */
  shutDown(): void {
    this.rejection = new AppError('SHUTTING_DOWN');
    for (const prediction of this.queue.takeAll()) prediction.fail(this.rejection);
    this.released();
  }

  /** All threads gave the model back. */
  released(): void {
    this.closing?.resolve();
  }

  /** To be called whenever work of this model ended. */
  endIfIdle(): void {
    if (this.closing && this.queue.size === 0 && this.activeThreads === 0) this.events.onDrain(this);
  }

  recordSuccess(call: readonly PendingPrediction[], serviceMs: number, computeMs: number): void {
    this.crashCount = 0;
    this.queue.recordCall(call, serviceMs, computeMs);
  }

  /**
   * A thread was lost on this model. The first time is nobody's fault; after that the model rests, longer each time,
   * so that it does not end one thread after the other.
   *
   * @returns milliseconds of rest.
   */
  recordCrash(): number {
    this.crashCount += 1;
    if (this.crashCount < 2) return 0;
    const backoffMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (this.crashCount - 2));
    this.backoffUntil = performance.now() + backoffMs;
    return backoffMs;
  }

  private readonly onLeave = (prediction: PendingPrediction): void => {
    this.queue.delete(prediction);
    this.endIfIdle();
  };
}
