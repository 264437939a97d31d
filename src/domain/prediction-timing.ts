/**
 * Where the time of one prediction goes, filled in on its way by those who know: `Server-Timing` of its answer, and the
 * percentiles of `/health`. Times in milliseconds.
 */
export class PredictionTiming {
  /** Reading the body as JSON. */
  parseMs = 0;
  /** Checking the rows against the contract, and turning them into tensors. */
  validateMs = 0;
  /** A large body's wait until it is read; 0 for all others. */
  bodyWaitMs = 0;
  /** Waiting for a thread; 0 for a lone request. Includes earlier calls that failed for another's sake. */
  queueMs = 0;
  /** Rows in the call of the model that answered it, its own and those of others. */
  batchRows = 0;
  /** That call: the way to the thread, the engine, the way back. */
  inferMs = 0;
  /** Turning tensors into output rows and those into JSON. */
  serializeMs = 0;
  /** Told when the answer is written; set by the run that computes. */
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
