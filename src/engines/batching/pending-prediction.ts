import { AppError } from '../../domain/app-error.js';
import { bytesIn, rowBytesIn, rowsIn } from '../../domain/tensor-rows.js';
import type { TensorPart } from '../../domain/tensor-rows.js';
import type { PredictOptions } from '../model-host.js';
import { offAbort, onAbort } from './abort-listeners.js';
import type { Abortable } from './abort-listeners.js';
import type { ListNode } from './prediction-list.js';

/**
 * One caller of `predictParts`: its promise is settled exactly once, by the answer, the deadline or the abort signal,
 * whichever comes first. It may be computed more than once: again, with fewer others, after a shared call failed.
 *
 * Deadline and signal are watched from `watch()` on. One that is computed within the turn of the event loop in which it
 * came needs neither, and a timer costs as much as the rest of it: `endIfOver()` looks once instead.
 */
export class PendingPrediction implements Abortable {
  readonly result: Promise<readonly TensorPart[]>;
  /** `performance.now()` at which its caller stops waiting. */
  readonly deadline: number;
  /** Set once a shared call failed: from then on it shares calls only with its retry group. */
  retryGroup: symbol | undefined;
  /** For `PredictionList` alone. */
  readonly node: ListNode = { list: undefined, previous: undefined, next: undefined };

  private resolve: (outputs: readonly TensorPart[]) => void;
  private reject: (reason: unknown) => void;
  private timer: NodeJS.Timeout | undefined;
  /** `performance.now()` when it came. */
  readonly createdAt = performance.now();
  private startedAt = 0;
  private state: 'waiting' | 'running' | 'done' = 'waiting';

  /** @param onLeave  called when it ends while it waits: it must not be computed any more. */
  constructor(
    readonly inputs: readonly TensorPart[],
    readonly options: PredictOptions,
    private readonly onLeave: (prediction: PendingPrediction) => void,
    private readonly size: InputsSize = sizeOfInputs(inputs),
    /** Rows of the same request that are computed after it. */
    readonly rowsBehind: () => number = none,
  ) {
    this.deadline = (options.sinceMs ?? this.createdAt) + options.timeoutMs;
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** It may wait from now on: it ends when its deadline passes or its caller is gone. */
  watch(): void {
    if (this.timer || this.isDone) return;
    const { signal } = this.options;
    this.timer = setTimeout(this.onDeadline, Math.max(0, this.deadline - performance.now()));
    if (signal?.aborted) this.onAbort();
    else if (signal) onAbort(signal, this);
  }

  /** Whether it ends by itself. */
  get hasWatch(): boolean {
    return this.timer !== undefined;
  }

  /** Ends it when its deadline has passed or its caller is gone. @returns whether it is done. */
  endIfOver(): boolean {
    if (!this.isDone && this.options.signal?.aborted) this.onAbort();
    else if (this.isExpired) this.timeOut();
    return this.isDone;
  }

  /** Rows all its inputs share; undefined when they disagree: such a prediction shares no call. */
  get rows(): number | undefined {
    return this.size.rows;
  }

  /** What its tensors take of memory. */
  get bytes(): number {
    return this.size.bytes;
  }

  /** Bytes of its largest row. */
  get rowBytes(): number {
    return this.size.rowBytes;
  }

  /** Its time was over before it came. */
  get hasNoTimeLeft(): boolean {
    return this.deadline <= this.createdAt;
  }

  /** It is being computed from now on. */
  start(): void {
    this.state = 'running';
    this.startedAt = performance.now();
  }

  /** Waits again, to be computed with its retry group only. */
  wait(retryGroup: symbol): void {
    this.state = 'waiting';
    this.retryGroup = retryGroup;
    this.watch();
  }

  /** Its caller has an answer: nothing needs to be computed for it any more. */
  get isDone(): boolean {
    return this.state === 'done';
  }

  /** @param batchRows  rows of the call that computed it. */
  complete(outputs: readonly TensorPart[], batchRows = 1): void {
    this.finish();
    this.setTiming(batchRows);
    this.resolve(outputs);
  }

  fail(reason: unknown): void {
    this.finish();
    this.reject(reason);
  }

  private setTiming(batchRows: number): void {
    const { timing } = this.options;
    if (!timing) return;
    timing.queueMs = this.startedAt - this.createdAt;
    timing.inferMs = performance.now() - this.startedAt;
    timing.batchRows = batchRows;
  }

  private finish(): void {
    this.state = 'done';
    if (!this.timer) return;
    clearTimeout(this.timer);
    if (this.options.signal) offAbort(this.options.signal, this);
  }

  /** Whether its deadline is over and its caller has no answer yet. */
  get isExpired(): boolean {
    return !this.isDone && this.deadline <= performance.now();
  }

  /** Its deadline is over. */
  timeOut(): void {
    this.leave(new AppError('PREDICTION_TIMEOUT', { timeoutMs: this.options.timeoutMs }));
  }

  private readonly onDeadline = (): void => this.timeOut();

  onAbort(): void {
    this.leave(this.options.signal?.reason);
  }

  private leave(reason: unknown): void {
    const wasWaiting = this.state === 'waiting';
    this.fail(reason);
    if (wasWaiting) this.onLeave(this);
  }
}

const none = () => 0;

/** How much a prediction brings. */
export interface InputsSize {
  /** Of all parts; undefined when the tensors of one disagree. */
  readonly rows: number | undefined;
  /** Of all tensors. */
  readonly bytes: number;
  /** Of the largest row at most: where rows hold several texts, each is taken for as long as the longest. */
  readonly rowBytes: number;
}

/** How much the inputs of a prediction are. */
export function sizeOfInputs(inputs: readonly TensorPart[]): InputsSize {
  let bytes = 0;
  let rowBytes = 0;
  for (const { tensors } of inputs) {
    bytes += bytesIn(tensors);
    rowBytes = Math.max(rowBytes, rowBytesIn(tensors));
  }
  return { rows: totalRows(inputs), bytes, rowBytes };
}

/** Bytes of the largest row of several predictions. */
export function largestRowBytes(predictions: readonly PendingPrediction[]): number {
  let largest = 0;
  for (const { rowBytes } of predictions) if (rowBytes > largest) largest = rowBytes;
  return largest;
}

function totalRows(inputs: readonly TensorPart[]): number | undefined {
  let total = 0;
  for (const { tensors } of inputs) {
    const rows = rowsIn(tensors);
    if (rows === undefined) return undefined;
    total += rows;
  }
  return total;
}
