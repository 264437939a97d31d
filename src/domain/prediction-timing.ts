/**
 * Durations of one prediction, filled in by each step: for `Server-Timing` of its answer and the percentiles of
 * `/health`. Milliseconds.
 */
export class PredictionTiming {
  /** Reading the body as JSON. */
  parseMs = 0;
  /** Checking the rows against the contract, and turning them into tensors. */
  validateMs = 0;
  /** A large body's wait until it is read; 0 for all others. */
  bodyWaitMs = 0;
  /** Waiting for a thread; 0 for a lone request. Includes earlier calls that failed because of other requests. */
  queueMs = 0;
  /** Rows in the call of the model that answered it, its own and those of others. */
  batchRows = 0;
  /** That call: to the thread, the engine, and back. */
  inferMs = 0;
  /** Turning tensors into output rows and those into JSON. */
  serializeMs = 0;
  /** Called when the answer is written; set by the run that computes. */
  onFinish: ((timing: PredictionTiming) => void) | undefined;

  /** All waiting. */
  get waitMs(): number {
    return this.bodyWaitMs + this.queueMs;
  }

  /** The answer is written. */
  finish(): void {
    this.onFinish?.(this);
  }
}
