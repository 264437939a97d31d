import { AppError } from '../../domain/app-error.js';
import type { ErrorCode } from '../../domain/app-error.js';
import type { LoadedRun } from './loaded-run.js';

/** A failed prediction, and the way to ask another run the same. */
export interface Failure {
  readonly code: ErrorCode;
  /** Has another run predict the same rows. */
  readonly replayWith: (other: LoadedRun) => Promise<unknown>;
}

/** Failures that a run can be blamed for. */
const RUN_FAILURES: ReadonlySet<ErrorCode> = new Set(['PREDICTION_FAILED', 'WORKER_LOST', 'PREDICTION_TIMEOUT']);

/** How the predictions of a run ended since it was last reset. */
export class OutcomeCounter {
  succeeded = 0;
  failed = 0;
  /** Told of each failure instead of its being counted; who is told counts those that the run is to blame for. */
  onFailure: ((failure: Failure) => void) | undefined;

  /** Begins to count anew. */
  reset(onFailure?: (failure: Failure) => void): void {
    this.succeeded = 0;
    this.failed = 0;
    this.onFailure = onFailure;
  }

  /** @param hasShortTimeout  the client wanted its answer sooner than the server's own limit: being late is no failure then. */
  recordFailure(error: unknown, hasShortTimeout: boolean, replayWith: Failure['replayWith']): void {
    if (!(error instanceof AppError) || !RUN_FAILURES.has(error.code)) return;
    if (hasShortTimeout && error.code === 'PREDICTION_TIMEOUT') return;
    if (this.onFailure) this.onFailure({ code: error.code, replayWith });
    else this.failed += 1;
  }
}
