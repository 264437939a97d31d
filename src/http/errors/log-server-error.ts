import type { Logger } from '@nestjs/common';

import type { AppError, ErrorCode } from '../../domain/app-error.js';
import { HTTP_STATUS_OF } from './http-status-of.js';

/** Errors that say in what state the server is: they come with every request until that has changed. */
const STATES: readonly ErrorCode[] = ['QUEUE_FULL', 'SHUTTING_DOWN', 'NOTHING_TO_SERVE', 'MODEL_NOT_READY'];
/** Such a state is logged at most once in this time, milliseconds. */
const STATE_LOG_MS = 10_000;

/** When each state was logged last, `performance.now()`, and how many requests it has met since. */
const loggedStates = new Map<ErrorCode, { atMs: number; more: number }>();

/**
 * Logs an error that is the server's own fault, with its cause; bad input is not logged. A known error without a cause
 * is logged without a stack: its code says what happened, and probes and full queues repeat it many times a second.
 */
export function logServerError(logger: Logger, error: AppError, requestId: string): void {
  if (HTTP_STATUS_OF[error.code] < 500) return;
  const { code, cause, message } = error;
  if (STATES.includes(code)) return logState(logger, error);
  logger.error({ request_id: requestId, code, ...(cause !== undefined && { err: cause }) }, message);
}

/** A refusal must stay cheap: the access log has a line for each request, this one tells that it happens at all. */
function logState(logger: Logger, { code, message }: AppError): void {
  const last = loggedStates.get(code);
  const nowMs = performance.now();
  if (last && nowMs - last.atMs < STATE_LOG_MS) return void (last.more += 1);
  loggedStates.set(code, { atMs: nowMs, more: 0 });
  logger.warn({ code, ...(last && last.more > 0 && { requests_since_last_line: last.more }) }, message);
}
