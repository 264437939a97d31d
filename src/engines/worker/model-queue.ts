import { AppError } from '../../domain/app-error.js';
import type { PendingPrediction } from './pending-prediction.js';

/** How much the newest call counts in the average. */
const NEWEST = 0.2;
const LONGEST_RETRY_S = 60;

/** The predictions of one model that wait for a thread, oldest first. */
export class ModelQueue {
  private readonly waiting = new Set<PendingPrediction>();
  /** Average milliseconds of a call, 0 before the first. */
  private serviceMs = 0;

  /**
   * @param limit  most predictions that may wait.
   * @param threads  threads that empty the queue, for the estimate of when there is room again.
   */
  constructor(
    private readonly limit: number,
    private readonly threads: number,
  ) {}

  get size(): number {
    return this.waiting.size;
  }

  /** @throws AppError QUEUE_FULL, with the whole seconds after which there should be room. */
  assertRoom(): void {
    if (this.waiting.size < this.limit) return;
    const waitMs = (this.waiting.size * this.serviceMs) / this.threads;
    const retryAfterSeconds = Math.min(LONGEST_RETRY_S, Math.max(1, Math.ceil(waitMs / 1000)));
    throw new AppError('QUEUE_FULL', { retryAfterSeconds });
  }

  add(prediction: PendingPrediction): void {
    this.waiting.add(prediction);
  }

  delete(prediction: PendingPrediction): void {
    this.waiting.delete(prediction);
  }

  /**
   * What a free thread computes in its next call. One prediction each, so far; joining several is a change of this
   * method and of `joinInputs` and `shareOutputs` (predict-call.ts), and of nothing else.
   */
  takeCall(): PendingPrediction[] {
    const [oldest] = this.waiting;
    if (!oldest) return [];
    this.waiting.delete(oldest);
    return [oldest];
  }

  /** Everything that waits, taken out. */
  takeAll(): PendingPrediction[] {
    const all = [...this.waiting];
    this.waiting.clear();
    return all;
  }

  /** Notes how long a call took, in milliseconds. */
  noteServiceTime(ms: number): void {
    this.serviceMs = this.serviceMs === 0 ? ms : this.serviceMs + NEWEST * (ms - this.serviceMs);
  }
}
