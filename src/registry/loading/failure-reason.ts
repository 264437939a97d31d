import { Logger } from '@nestjs/common';

import { AppError } from '../../domain/app-error.js';
import type { ErrorCode } from '../../domain/app-error.js';
import { ValidationError } from '../../domain/validation-issue.js';
import { RunError, reason } from '../../domain/verdict.js';
import type { VerdictReason } from '../../domain/verdict.js';
import { engineText } from '../../engines/engine-text.js';

/** Ways in which a prediction ends because of the run, or because the server is too busy for it. */
const PREDICTION_CODES: ReadonlySet<ErrorCode> = new Set([
  'PREDICTION_FAILED',
  'WORKER_LOST',
  'PREDICTION_TIMEOUT',
  'QUEUE_FULL',
  'SHUTTING_DOWN',
]);

const INTERNAL = reason('INTERNAL', 'The server failed while it tried the run; this is no fault of the run.');

const logger = new Logger('RunFailure');

/**
 * What a failed prediction of an example says of the run.
 *
 * @param failed  the sentence when the model could not compute it.
 * @param refused  how the sentence begins when the example breaks a rule of the signature.
 * @returns undefined when the error is an unexpected one, of which the run is not guilty.
 */
export function predictionFailure(error: unknown, failed: string, refused = ''): string | undefined {
  if (error instanceof ValidationError) {
    const [first] = error.issues;
    return first ? `${refused}${first.loc.join('.')}: ${first.msg}.` : failed;
  }
  return error instanceof AppError && PREDICTION_CODES.has(error.code) ? failed : undefined;
}

/** What the engine said of a failed prediction, fit for a verdict. */
export function causeText(error: unknown): string {
  const cause = error instanceof AppError ? (error.cause ?? error) : error;
  return engineText(cause);
}

/**
 * The reason that a failure gives for a verdict. An unexpected error is logged with its stack, and is INTERNAL: the
 * server's fault, not the run's.
 *
 * @param runId  for the log.
 */
export function reasonOfFailure(error: unknown, runId: string): VerdictReason {
  if (error instanceof RunError) return reason(error.code, error.message, error.fix);
  if (isSystemError(error)) return reason('LOAD_FAILED', 'The run could not be loaded.');
  logger.error(`Run ${runId} could not be tried: ${String(error)}`, error);
  return INTERNAL;
}

/** A file that is gone, a disk that is full: neither the run nor the program. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
