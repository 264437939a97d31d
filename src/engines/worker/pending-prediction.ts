import { AppError } from '../../domain/app-error.js';
import type { NamedTensors } from '../../domain/tensor.js';
import type { PredictOptions } from '../model-host.js';

/**
 * One caller of `predict`: its promise is settled exactly once, by the answer, the deadline or the abort signal,
 * whichever comes first. The deadline goes on counting after an abort, because it also tells a hanging thread.
 */
export class PendingPrediction {
  readonly result: Promise<NamedTensors>;
  private resolve: (outputs: NamedTensors) => void;
  private reject: (reason: unknown) => void;
  private readonly timer: NodeJS.Timeout;
  private state: 'waiting' | 'running' | 'done' = 'waiting';
  private late = false;

  private onOverdue: (() => void) | undefined;

  /** @param onLeave  it was given up while it waited: it must not be computed any more. */
  constructor(
    readonly inputs: NamedTensors,
    readonly options: PredictOptions,
    private readonly onLeave: (prediction: PendingPrediction) => void,
  ) {
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.timer = setTimeout(this.onDeadline, options.timeoutMs);
    options.signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  /**
   * It is being computed from now on.
   *
   * @param onOverdue  its deadline passed before the thread answered.
   */
  start(onOverdue: () => void): void {
    this.state = 'running';
    this.onOverdue = onOverdue;
  }

  /** Its deadline passed. */
  get isOverdue(): boolean {
    return this.late;
  }

  /** It was answered or taken out; after that a thread no longer works on it. */
  get isDone(): boolean {
    return this.state === 'done';
  }

  succeed(outputs: NamedTensors): void {
    this.finish();
    this.resolve(outputs);
  }

  fail(reason: unknown): void {
    this.finish();
    this.reject(reason);
  }

  private finish(): void {
    this.state = 'done';
    clearTimeout(this.timer);
    this.options.signal?.removeEventListener('abort', this.onAbort);
  }

  private readonly onDeadline = (): void => {
    this.late = true;
    this.onOverdue?.();
    this.leave(new AppError('PREDICTION_TIMEOUT', { timeoutMs: this.options.timeoutMs }));
  };

  private readonly onAbort = (): void => this.leave(this.options.signal?.reason);

  private leave(reason: unknown): void {
    this.reject(reason);
    if (this.state !== 'waiting') return;
    this.finish();
    this.onLeave(this);
  }
}
