import { AppError } from '../../domain/app-error.js';
import { AdaptiveBatchSize } from './adaptive-batch-size.js';
import { CallCosts } from './call-costs.js';
import { CallDurations } from './call-durations.js';
import { LatencyEstimator } from './call-latency.js';
import type { PendingPrediction } from './pending-prediction.js';
import { canJoin } from './shared-call.js';
import { PredictionList } from './prediction-list.js';
import type { HeldBytes } from './prediction-list.js';

/** Weight of the latest call in the averages. */
const LATEST_WEIGHT = 0.2;
const MAX_RETRY_S = 60;
/** Most rows that may wait for one model: they are held in memory as tensors. */
const MAX_WAITING_ROWS = 1_000_000;
/** A wait that is expected to be shorter than this is no reason to refuse: averages say little about so short a time. */
const MIN_WAIT_MS = 1_000;

interface QueueOptions {
  /** Most predictions that may wait. */
  readonly limit: number;
  /** Threads that empty the queue, for the estimate of when there is room again. */
  readonly threads: number;
  /** Most rows of one call; without limit unless set. */
  readonly maxBatchRows?: number;
  /** Most bytes of tensors that may wait in all queues that share `held`; without limit unless set. */
  readonly maxHeldBytes?: number;
  readonly held?: HeldBytes;
}

/** What is to be known of a request to say whether there is room for it. */
interface NewRequest {
  readonly rows: number;
  /** Of its tensors. */
  readonly bytes: number;
  /** Until its deadline. */
  readonly remainingMs: number;
}

/** The predictions of one model that wait for a thread, oldest first. */
export class ModelQueue {
  private readonly waiting: PredictionList;
  /** Those of failed calls, to be computed again before the others. */
  private readonly again: PredictionList;
  private readonly batchSize: AdaptiveBatchSize;
  /** Average milliseconds and predictions of a call, undefined before the first. */
  private meanCall: { ms: number; predictions: number } | undefined;
  private readonly durations = new CallDurations();
  private readonly costs = new CallCosts();
  private readonly held: HeldBytes;
  /** Rows of requests that are computed piece by piece, and whose turn has not come. */
  private rowsBehind = 0;
  /** How long its calls take the engine. */
  readonly latency = new LatencyEstimator();

  constructor(private readonly options: QueueOptions) {
    this.held = options.held ?? { bytes: 0 };
    this.waiting = new PredictionList(this.held);
    this.again = new PredictionList(this.held);
    this.batchSize = new AdaptiveBatchSize(options.maxBatchRows ?? 1);
  }

  get size(): number {
    return this.waiting.size + this.again.size;
  }

  /** Rows of all that waits. */
  get rows(): number {
    return this.waiting.rows + this.again.rows;
  }

  /** Bytes of the largest row of all that waits. */
  get rowBytes(): number {
    return Math.max(this.waiting.rowBytes, this.again.rowBytes);
  }

  /** The one that the next call begins with. */
  get next(): PendingPrediction | undefined {
    return this.again.first ?? this.waiting.first;
  }

  /** Milliseconds from sending a call to its answer, on average; 0 before the first. */
  get meanCallMs(): number {
    return this.meanCall?.ms ?? 0;
  }

  /** Most rows of one call of a single request. */
  get maxCallRows(): number {
    return this.options.maxBatchRows ?? Infinity;
  }

  /**
   * How many times sooner what waits is computed with one thread more, by the calls so far.
   *
   * @param threads  that compute the model now, at least one.
   * @returns undefined while too little is known; Infinity when nothing speaks against it.
   */
  gainOfThread(threads: number): number | undefined {
    // No two of them share a call.
    if (this.next?.options.rowByRow) return Infinity;
    return this.costs.gainOfThread(this.rows, threads, this.batchSize.rows);
  }

  /** Threads that may compute the model at the same time. */
  get threads(): number {
    return this.options.threads;
  }

  /**
   * A queue is full when too much waits, or for too long: a crowd of quick calls is soon answered, and refusing it would
   * only have it ask again, while the hundredth slow call would wait in vain.
   *
   * @throws AppError QUEUE_FULL, with the whole seconds after which there should be room.
   */
  assertRoom({ rows, bytes, remainingMs }: NewRequest): void {
    const { limit, maxHeldBytes = Infinity } = this.options;
    const waitMs = this.expectedWaitMs;
    const waitingRows = this.rows + this.rowsBehind;
    const hasSpace = this.held.bytes === 0 || this.held.bytes + bytes <= maxHeldBytes;
    const isSoon = Math.max(waitMs, this.leastMs(rows)) <= Math.max(MIN_WAIT_MS, remainingMs);
    if (this.size < limit && waitingRows < MAX_WAITING_ROWS && hasSpace && isSoon) return;
    throw this.refusal();
  }

  /**
   * Takes out the predictions that cannot be computed before their deadlines, as the calls answered so far say: those
   * that came last. They were let in when less was known.
   */
  takeHopeless(): PendingPrediction[] {
    const hopeless: PendingPrediction[] = [];
    const now = performance.now();
    for (let last = this.waiting.last; last; last = this.waiting.last) {
      if (this.leastMs(last.rowsBehind()) <= Math.max(MIN_WAIT_MS, last.deadline - now)) break;
      this.waiting.delete(last);
      hopeless.push(last);
    }
    return hopeless;
  }

  /** What those are told who find the queue full. */
  refusal(): AppError {
    const waitMs = Math.max(this.expectedWaitMs, this.leastMs(0));
    const retryAfterSeconds = Math.min(MAX_RETRY_S, Math.max(1, Math.ceil(waitMs / 1000)));
    return new AppError('QUEUE_FULL', { retryAfterSeconds });
  }

  /** Counts rows and bytes of a request that is computed piece by piece, and whose turn has not come; less than 0 takes them off. */
  hold(rows: number, bytes: number): void {
    this.rowsBehind += rows;
    this.held.bytes += bytes;
  }

  /** By the predictions that calls take on average. */
  private get expectedWaitMs(): number {
    const { ms, predictions } = this.meanCall ?? { ms: 0, predictions: 1 };
    return (this.size / predictions) * (ms / this.options.threads);
  }

  /** Least time until everything that waits is computed, and further rows after it. */
  private leastMs(rows: number): number {
    return this.durations.leastMs(this.rows + rows, this.maxCallRows) / this.options.threads;
  }

  add(prediction: PendingPrediction): void {
    this.waiting.push(prediction);
  }

  /** Has those watched that came last and are not yet: they wait for a thread. */
  watchLatest(): void {
    for (const prediction of this.waiting.latest((each) => !each.hasWatch)) prediction.watch();
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
  enqueueAgain(groups: readonly (readonly PendingPrediction[])[]): void {
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
    this.durations.record(rows, computeMs);
    this.costs.record(rows, computeMs);
    this.meanCall ??= { ms, predictions: call.length };
    this.meanCall.ms += LATEST_WEIGHT * (ms - this.meanCall.ms);
    this.meanCall.predictions += LATEST_WEIGHT * (call.length - this.meanCall.predictions);
  }
}
