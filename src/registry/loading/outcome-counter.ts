import { AppError } from '../../domain/app-error.js';
import type { ErrorCode } from '../../domain/app-error.js';
import type { LoadedRun } from './loaded-run.js';

/** A failed prediction, and the way to ask another run the same. */
export interface Failure {
  /** Whether the rows may be to blame as well as the run: then it counts only when the run before can predict them. */
  readonly mayBeRows: boolean;
  /** Has another run predict the same rows. */
  readonly replayWith: (other: LoadedRun) => Promise<unknown>;
}

/** Failures that a run can be blamed for. */
const RUN_FAILURES: ReadonlySet<ErrorCode> = new Set(['PREDICTION_FAILED', 'WORKER_LOST', 'PREDICTION_TIMEOUT']);

/** How the predictions of a run ended since it was last reset. */
export class OutcomeCounter {
  succeeded = 0;
  failed = 0;
  /** Called for each failure instead of counting it; the listener counts those caused by the run. */
  onFailure: ((failure: Failure) => void) | undefined;

  /** Begins to count anew. */
  reset(onFailure?: (failure: Failure) => void): void {
    this.succeeded = 0;
    this.failed = 0;
    this.onFailure = onFailure;
  }

  /** @param hasShortTimeout  the client's time limit was shorter than the server's: a timeout is no failure then. */
  recordFailure(error: unknown, hasShortTimeout: boolean, replayWith: Failure['replayWith']): void {
    if (!(error instanceof AppError) || !RUN_FAILURES.has(error.code)) return;
    if (hasShortTimeout && error.code === 'PREDICTION_TIMEOUT') return;
    if (this.onFailure) this.onFailure({ mayBeRows: error.code === 'PREDICTION_FAILED', replayWith });
    else this.failed += 1;
  }

  /**
   * Records that rows which keep the contract did not get as far as the model: the run's own encoding refused them, or
   * failed. Its images and texts are decoded by what all runs share, so that even a lost thread may be the rows' fault.
   */
  recordRefusal(error: unknown, hasShortTimeout: boolean, replayWith: Failure['replayWith']): void {
    if (!(error instanceof AppError) || !(RUN_FAILURES.has(error.code) || error.code === 'VALIDATION_FAILED')) return;
    if (hasShortTimeout && error.code === 'PREDICTION_TIMEOUT') return;
    this.onFailure?.({ mayBeRows: true, replayWith });
  }
}
