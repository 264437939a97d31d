import { AppError } from '../domain/app-error.js';
import type { ErrorCode } from '../domain/app-error.js';

/** Failures that a run can be blamed for. */
const BLAMED: ReadonlySet<ErrorCode> = new Set(['PREDICTION_FAILED', 'WORKER_LOST', 'PREDICTION_TIMEOUT']);

/** How the predictions of a run ended since it was last reset. */
export class ServiceRecord {
  answered = 0;
  failed = 0;
  /** Told of each failure, once it is counted. */
  onFailure: (() => void) | undefined;

  /** Begins to count anew. */
  reset(onFailure?: () => void): void {
    this.answered = 0;
    this.failed = 0;
    this.onFailure = onFailure;
  }

  /** @param isHasty  the client wanted its answer sooner than the server's own limit: being late is no failure then. */
  noteFailure(error: unknown, isHasty: boolean): void {
    if (!(error instanceof AppError) || !BLAMED.has(error.code)) return;
    if (isHasty && error.code === 'PREDICTION_TIMEOUT') return;
    this.failed += 1;
    this.onFailure?.();
  }
}
