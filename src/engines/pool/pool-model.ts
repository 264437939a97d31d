import { join } from 'node:path';

import { AppError } from '../../domain/app-error.js';
import type { TensorPart } from '../../domain/tensor-rows.js';
import type { LoadRequest, ModelInfo } from '../inference-engine.js';
import type { ModelCopies } from '../memory/model-copies.js';
import type { MemoryUse, ModelHandle, PredictOptions } from '../model-host.js';
import type { ModelQueue } from '../batching/model-queue.js';
import type { InlineModel } from '../inline/inline-model.js';
import { cutInputs } from '../batching/cut-inputs.js';
import type { InputsPiece } from '../batching/cut-inputs.js';
import { PendingPrediction, sizeOfInputs } from '../batching/pending-prediction.js';
import type { InputsSize } from '../batching/pending-prediction.js';
import { mapWithConcurrency } from '../../lib/map-with-concurrency.js';
import { PredictionTiming } from '../../domain/prediction-timing.js';

/** Callbacks of a model to its pool. */
interface ModelEvents {
  /** A prediction waits: it is to be computed. */
  onWork(model: PoolModel, prediction: PendingPrediction): void;
  /** The model is released and nothing waits or runs: threads may unload it. */
  onDrain(model: PoolModel): void;
}

const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 10_000;

/** One model of the pool: its queue and its state. */
export class PoolModel implements ModelHandle {
  info: ModelInfo;
  /** Its session on the main thread, if it may ever have one; set once it is loaded. */
  inline: InlineModel | undefined;
  /** Threads that are loading it or computing with it at this moment, the main thread among them. */
  activeThreads = 0;
  /** No thread takes work of this model before this time (`performance.now()`). */
  backoffUntil = 0;
  /** A further thread is loading it. */
  isAddingReplica = false;
  /** It was told that there is no memory for a further copy. */
  isShortOfMemory = false;
  /** It was told that a further copy gains too little. */
  isCopyDeclined = false;
  /** No further thread loads it before this time (`performance.now()`). */
  replicaNotBefore = 0;

  onStuck: ((threads: number) => void) | undefined;
  private stuckThreads = 0;

  /** Threads lost on it since its last answer. */
  crashCount = 0;
  private closing: { promise: Promise<void>; resolve: () => void } | undefined;
  private rejection: AppError | undefined;
  private isShutDown = false;
  /** Requests that are computed in several calls, some of which have yet to begin. */
  private unfinished = 0;

  constructor(
    readonly key: number,
    readonly request: LoadRequest,
    readonly queue: ModelQueue,
    readonly copies: ModelCopies,
    private readonly events: ModelEvents,
  ) {}

  /** The artifact, for logs. */
  get path(): string {
    return join(this.request.runFolder, this.request.path);
  }

  /** How a thread loads it: further copies as the first one. */
  get nextRequest(): LoadRequest {
    return { ...this.request, weights: this.info?.memory?.weights ?? this.request.weights };
  }

  get isInline(): boolean {
    return this.inline?.isReady ?? false;
  }

  get memory(): MemoryUse {
    return this.copies.use;
  }

  /** Whether a thread may be terminated while it works on this model (see `WorkerRequest`). */
  get canTerminate(): boolean {
    return this.request.format !== 'onnx';
  }

  /** Whether it is in backoff after lost threads: no thread takes its work now. */
  get isBackingOff(): boolean {
    return this.backoffUntil > 0 && this.backoffUntil > performance.now();
  }

  /** Calls are so quick that waiting for the running one is cheaper than waking another thread. */
  get waitsForOwnThread(): boolean {
    return this.activeThreads > 0 && this.queue.latency.isQuick;
  }

  async predictParts(inputs: readonly TensorPart[], options: PredictOptions): Promise<readonly TensorPart[]> {
    options.signal?.throwIfAborted();
    if (this.rejection) throw this.rejection;
    const deadline = (options.sinceMs ?? performance.now()) + options.timeoutMs;
    const size = sizeOfInputs(inputs);
    const { rows = 1, bytes } = size;
    this.queue.assertRoom({ rows, bytes, remainingMs: deadline - performance.now() });
    const pieces = rows > this.queue.maxCallRows ? cutInputs(inputs, this.queue.maxCallRows) : undefined;
    return pieces ? this.predictPieces(pieces, { rows, bytes }, options) : this.enqueue(inputs, options, size).result;
  }

  private enqueue(
    inputs: readonly TensorPart[],
    options: PredictOptions,
    size?: InputsSize,
    rowsBehind?: () => number,
  ): PendingPrediction {
    const prediction = new PendingPrediction(inputs, options, this.onLeave, size, rowsBehind);
    if (prediction.hasNoTimeLeft) prediction.timeOut();
    else if (this.isShutDown) prediction.fail(this.rejection);
    else {
      this.queue.add(prediction);
      this.events.onWork(this, prediction);
    }
    return prediction;
  }

  /**
   * Computes a large request in several calls. At most one per thread waits at a time, so that other requests and other
   * models have their calls in between. The first failure ends all of it.
   */
  private async predictPieces(
    pieces: readonly InputsPiece[],
    whole: { readonly rows: number; readonly bytes: number },
    options: PredictOptions,
  ): Promise<readonly TensorPart[]> {
    const startMs = performance.now();
    const timings: PredictionTiming[] = [];
    let { rows: rowsBehind, bytes: bytesBehind } = whole;
    const leave = (rows: number) => {
      const bytes = rowsBehind > 0 ? Math.round((bytesBehind * rows) / rowsBehind) : 0;
      this.queue.hold(-rows, -bytes);
      rowsBehind -= rows;
      bytesBehind -= bytes;
    };
    let hasFailed = false;
    this.unfinished += 1;
    this.queue.hold(whole.rows, whole.bytes);
    try {
      const outputs = await mapWithConcurrency(pieces, this.queue.threads, async (piece) => {
        if (hasFailed) return [];
        leave(piece.rows);
        const timing = new PredictionTiming();
        timings.push(timing);
        const own = { ...options, sinceMs: options.sinceMs ?? startMs, timing };
        return this.enqueue(piece.take(), own, undefined, () => rowsBehind).result.catch((error: unknown) => {
          hasFailed = true;
          throw error;
        });
      });
      return outputs.flat();
    } finally {
      leave(rowsBehind);
      this.unfinished -= 1;
      sumTimings(options.timing, timings, performance.now() - startMs);
      this.endIfIdle();
    }
  }

  release(): Promise<void> {
    this.rejection ??= new AppError('INTERNAL_ERROR', {}, { cause: new Error('predictParts() after release()') });
    if (!this.closing) {
      let resolve = () => {};
      const promise = new Promise<void>((done) => (resolve = done));
      this.closing = { promise, resolve };
      this.endIfIdle();
    }
    return this.closing.promise;
  }

  /** The pool closes: waiting predictions end, new ones are rejected. */
  shutDown(): void {
    this.rejectAll(new AppError('SHUTTING_DOWN'));
    this.released();
  }

  holdBack(): void {
    this.rejectAll(new AppError('WORKER_LOST'));
  }

  /**
   * Counts a thread that computes it and was told to end, unless it does: a call that only took longer than its callers
   * waited ends by itself, and says nothing against the model.
   *
   * @param end  when it has ended.
   * @param afterMs  how long it may go on.
   */
  countStuck(end: Promise<void>, afterMs: number): void {
    const timer = setTimeout(() => {
      this.stuckThreads += 1;
      void end.then(() => (this.stuckThreads -= 1));
      this.onStuck?.(this.stuckThreads);
    }, afterMs).unref();
    void end.then(() => clearTimeout(timer));
  }

  /** All threads gave the model back. */
  released(): void {
    this.copies.release();
    this.closing?.resolve();
  }

  /** To be called whenever work of this model ends. */
  endIfIdle(): void {
    const isIdle = this.queue.size === 0 && this.activeThreads === 0 && this.unfinished === 0;
    if (this.closing && isIdle) this.events.onDrain(this);
  }

  recordSuccess(call: readonly PendingPrediction[], serviceMs: number, computeMs: number): void {
    this.crashCount = 0;
    this.queue.recordCall(call, serviceMs, computeMs);
    const hopeless = this.queue.takeHopeless();
    for (const prediction of hopeless) prediction.fail(this.queue.refusal());
  }

  /**
   * Records a thread lost on this model. The first loss has no effect; further ones start a growing backoff, so that
   * the model does not end one thread after the other.
   *
   * @returns backoff in milliseconds.
   */
  recordCrash(): number {
    this.crashCount += 1;
    this.inline?.recordLoss();
    if (this.crashCount < 2) return 0;
    const backoffMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (this.crashCount - 2));
    this.backoffUntil = performance.now() + backoffMs;
    return backoffMs;
  }

  private rejectAll(rejection: AppError): void {
    this.rejection = rejection;
    this.isShutDown = true;
    for (const prediction of this.queue.takeAll()) prediction.fail(rejection);
  }

  private readonly onLeave = (prediction: PendingPrediction): void => {
    this.queue.delete(prediction);
    this.endIfIdle();
  };
}

/** Of a request in several calls: what it waited for the first one, and all the rest as computing. */
function sumTimings(timing: PredictionTiming | undefined, pieces: readonly PredictionTiming[], totalMs: number): void {
  if (!timing || pieces.length === 0) return;
  timing.queueMs = Math.min(...pieces.map(({ queueMs }) => queueMs));
  timing.inferMs = totalMs - timing.queueMs;
  timing.batchRows = Math.max(...pieces.map(({ batchRows }) => batchRows));
}
