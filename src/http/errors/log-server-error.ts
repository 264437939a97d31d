import type { Logger } from '@nestjs/common';

import type { AppError, ErrorCode } from '../../domain/app-error.js';
import { LineLimiter } from '../../logging/line-limiter.js';
import type { AnswerSubject } from '../endpoint/http-endpoint.js';
import { HTTP_STATUS_OF } from './http-status-of.js';

/** Errors that say in what state the server is: they come with every request until that has changed. */
const STATES: readonly ErrorCode[] = [
  'QUEUE_FULL',
  'BODIES_IN_FLIGHT',
  'SHUTTING_DOWN',
  'NOTHING_TO_SERVE',
  'MODEL_NOT_READY',
  'PREDICTION_TIMEOUT',
];
/** Such a state is logged at most once in this time for each model, milliseconds. */
const STATE_LOG_MS = 10_000;

const stateLines = new LineLimiter(STATE_LOG_MS);

/**
 * Logs an error that is the server's own fault, with its cause; bad input is not logged. A known error without a cause
 * is logged without a stack: its code says what happened, and probes and full queues repeat it many times a second.
 *
 * @param subject  what was asked, where that is known.
 */
export function logServerError(logger: Logger, error: AppError, requestId: string, subject?: AnswerSubject): void {
  if (HTTP_STATUS_OF[error.code] < 500) return;
  const { code, cause, message } = error;
  const facts = { code, ...(subject && { model: subject.model, run_id: subject.runId }) };
  if (STATES.includes(code)) return logState(logger, facts, message);
  logger.error({ request_id: requestId, ...facts, ...(cause !== undefined && { err: cause }) }, message);
}

/** A refusal must stay cheap: the access log has a line for each request, this one tells that it happens at all. */
function logState(logger: Logger, facts: { readonly code: string; readonly model?: string }, message: string): void {
  const leftOut = stateLines.next(`${facts.code} ${facts.model ?? ''}`);
  if (leftOut === undefined) return;
  logger.warn({ ...facts, ...(leftOut > 0 && { requests_since_last_line: leftOut }) }, message);
}
