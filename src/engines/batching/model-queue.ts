import { AppError } from '../../domain/app-error.js';
import { AdaptiveBatchSize } from './adaptive-batch-size.js';
import { LatencyEstimator } from './call-latency.js';
import type { PendingPrediction } from './pending-prediction.js';
import { canJoin } from './shared-call.js';
import { PredictionList } from './prediction-list.js';

/** Weight of the latest call in the averages. */
const LATEST_WEIGHT = 0.2;
const MAX_RETRY_S = 60;
/** Most rows that may wait for one model: they are held in memory as tensors. */
const MAX_WAITING_ROWS = 1_000_000;

interface QueueOptions {
  /** Most predictions that may wait. */
  readonly limit: number;
  /** Nothing more may wait once the wait is expected to be longer than this; without limit unless set. */
  readonly maxWaitMs?: number;
  /** Threads that empty the queue, for the estimate of when there is room again. */
  readonly threads: number;
  /** Most rows that several predictions may bring together in one call. */
  readonly maxBatchRows: number;
}

/** The predictions of one model that wait for a thread, oldest first. */
export class ModelQueue {
  private readonly waiting = new PredictionList();
  /** Those of failed calls, to be computed again before the others. */
  private readonly again = new PredictionList();
  private readonly batchSize: AdaptiveBatchSize;
  /** Average milliseconds and predictions of a call, undefined before the first. */
  private meanCall: { ms: number; predictions: number } | undefined;
  /** How long its calls take the engine. */
  readonly latency = new LatencyEstimator();

  constructor(private readonly options: QueueOptions) {
    this.batchSize = new AdaptiveBatchSize(options.maxBatchRows);
  }

  get size(): number {
    return this.waiting.size + this.again.size;
  }

  /** Rows of all that waits. */
  get rows(): number {
    return this.waiting.rows + this.again.rows;
  }

  /** The one that the next call begins with. */
  get next(): PendingPrediction | undefined {
    return this.again.first ?? this.waiting.first;
  }

  /** Milliseconds from sending a call to its answer, on average; 0 before the first. */
  get meanCallMs(): number {
    return this.meanCall?.ms ?? 0;
  }

  /**
   * A queue is full when too much waits, or for too long: a crowd of quick calls is soon answered, and refusing it would
   * only have it ask again, while the hundredth slow call would wait in vain.
   *
   * @throws AppError QUEUE_FULL, with the whole seconds after which there should be room.
   */
  assertNotFull(): void {
    const { limit, threads, maxWaitMs = Infinity } = this.options;
    const { ms, predictions } = this.meanCall ?? { ms: 0, predictions: 1 };
    const waitMs = (this.size / predictions) * (ms / threads);
    if (this.size < limit && this.rows < MAX_WAITING_ROWS && waitMs <= maxWaitMs) return;
    const retryAfterSeconds = Math.min(MAX_RETRY_S, Math.max(1, Math.ceil(waitMs / 1000)));
    throw new AppError('QUEUE_FULL', { retryAfterSeconds });
  }

  add(prediction: PendingPrediction): void {
    this.waiting.push(prediction);
  }

  delete(prediction: PendingPrediction): void {
    this.waiting.delete(prediction);
    this.again.delete(prediction);
  }

  /**
   * How long the oldest prediction may still wait for others to share its call: not at all when it cannot share, was
   * computed before, or there are enough already.
   *
   * @param waitMs  longest wait of a prediction, milliseconds.
   * @returns milliseconds; 0 or less when the next call must begin.
   */
  batchWindowMs(waitMs: number): number {
    const { first } = this.waiting;
    const isReady = !first || this.again.size > 0 || first.options.rowByRow || this.size >= this.batchSize.rows;
    return isReady ? 0 : waitMs - (performance.now() - first.createdAt);
  }

  /**
   * Predictions of the next call: the oldest one, and all that follow it as long as they may join it within the row
   * limit. One larger than the limit is computed alone.
   */
  takeCall(): PendingPrediction[] {
    const queue = this.again.size > 0 ? this.again : this.waiting;
    const call: PendingPrediction[] = [];
    let rows = 0;
    for (let next = queue.first; next; next = queue.first) {
      rows += Math.max(1, next.rows ?? 1);
      if (call.length > 0 && (rows > this.batchSize.rows || !canJoin(call[0]!, next))) break;
      queue.delete(next);
      call.push(next);
    }
    return call;
  }

  /** Puts predictions back to the front, each group to be computed in its own calls. */
  requeue(groups: readonly (readonly PendingPrediction[])[]): void {
    const before = [...this.again];
    for (const prediction of before) this.again.delete(prediction);
    for (const retryGroup of groups) {
      const mark = Symbol('party');
      for (const prediction of retryGroup) {
        prediction.wait(mark);
        this.again.push(prediction);
      }
    }
    for (const prediction of before) this.again.push(prediction);
  }

  /** Everything that waits, taken out. */
  takeAll(): PendingPrediction[] {
    const all = [...this.again, ...this.waiting];
    for (const prediction of all) this.delete(prediction);
    return all;
  }

  /**
   * Records the duration of an answered call.
   *
   * @param ms  milliseconds from sending it to its answer.
   * @param computeMs  part of it that the engine computed.
   */
  recordCall(call: readonly PendingPrediction[], ms: number, computeMs: number): void {
    let rows = 0;
    for (const prediction of call) rows += prediction.rows ?? 1;
    this.batchSize.record(rows, computeMs);
    this.latency.record(rows, computeMs);
    this.meanCall ??= { ms, predictions: call.length };
    this.meanCall.ms += LATEST_WEIGHT * (ms - this.meanCall.ms);
    this.meanCall.predictions += LATEST_WEIGHT * (call.length - this.meanCall.predictions);
  }
}
