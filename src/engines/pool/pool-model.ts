import { join } from 'node:path';

import { AppError } from '../../domain/app-error.js';
import type { NamedTensors } from '../../domain/tensor.js';
import type { LoadRequest, ModelInfo } from '../inference-engine.js';
import type { ModelHandle, PredictOptions } from '../model-host.js';
import type { ModelQueue } from '../batching/model-queue.js';
import { PendingPrediction } from '../batching/pending-prediction.js';

/** What a model needs of the pool that holds it. */
export interface ModelKeeper {
  /** Something waits: give it to a thread that is free. */
  onWork(model: PooledModel): void;
  /** Nothing waits or runs any more, and nothing will: threads may give the model back. */
  onIdleForever(model: PooledModel): void;
}

const FIRST_REST_MS = 250;
const LONGEST_REST_MS = 10_000;

/** One model of the pool: its queue, and what the pool knows of how it behaves. */
export class PooledModel implements ModelHandle {
  info: ModelInfo;
  /** Threads that are loading it or computing with it at this moment. */
  busyThreads = 0;
  /** No thread takes work of this model before this time (`performance.now()`). */
  restsUntil = 0;
  /** A thread is loading it beside those that hold it. */
  isSpreading = false;
  /** No further thread loads it before this time. */
  notSpreadBefore = 0;

  /** Threads lost on it since its last answer. */
  losses = 0;
  private closing: { promise: Promise<void>; resolve: () => void } | undefined;
  private refusal: AppError | undefined;

  constructor(
    readonly key: number,
    readonly request: LoadRequest,
    readonly queue: ModelQueue,
    private readonly keeper: ModelKeeper,
  ) {}

  /** The artifact, for logs. */
  get path(): string {
    return join(this.request.runFolder, this.request.path);
  }

  /** Whether a thread may be ended while it works on this model (see `Errand`). */
  get interruptible(): boolean {
    return this.request.format !== 'onnx';
  }

  /** Threads were lost on it: none takes its work for now. */
  get isResting(): boolean {
    return this.restsUntil > 0 && this.restsUntil > performance.now();
  }

  /** A call so quick that waiting for the one under way is cheaper than waking another thread. */
  get waitsForItsThread(): boolean {
    return this.busyThreads > 0 && this.queue.pace.isQuick;
  }

  async predict(inputs: NamedTensors, options: PredictOptions): Promise<NamedTensors> {
    options.signal?.throwIfAborted();
    if (this.refusal) throw this.refusal;
    this.queue.assertRoom();
    const prediction = new PendingPrediction(inputs, options, this.onLeave);
    if (prediction.isTooLate) prediction.giveUp();
    else {
      this.queue.add(prediction);
      this.keeper.onWork(this);
    }
    return prediction.result;
  }

  release(): Promise<void> {
    this.refusal ??= new AppError('INTERNAL_ERROR', {}, { cause: new Error('predict() after release()') });
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
    this.refusal = new AppError('SHUTTING_DOWN');
    for (const prediction of this.queue.takeAll()) prediction.fail(this.refusal);
    this.released();
  }

  /** All threads gave the model back. */
  released(): void {
    this.closing?.resolve();
  }

  /** To be called whenever work of this model ended. */
  endIfIdle(): void {
    if (this.closing && this.queue.size === 0 && this.busyThreads === 0) this.keeper.onIdleForever(this);
  }

  noteSuccess(call: readonly PendingPrediction[], serviceMs: number, computeMs: number): void {
    this.losses = 0;
    this.queue.noteCall(call, serviceMs, computeMs);
  }

  /**
   * A thread was lost on this model. The first time is nobody's fault; after that the model rests, longer each time,
   * so that it does not end one thread after the other.
   *
   * @returns milliseconds of rest.
   */
  noteLoss(): number {
    this.losses += 1;
    if (this.losses < 2) return 0;
    const restMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (this.losses - 2));
    this.restsUntil = performance.now() + restMs;
    return restMs;
  }

  private readonly onLeave = (prediction: PendingPrediction): void => {
    this.queue.delete(prediction);
    this.endIfIdle();
  };
}
