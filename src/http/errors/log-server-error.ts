import type { Logger } from '@nestjs/common';

import type { AppError } from '../../domain/app-error.js';
import { HTTP_STATUS_OF } from './http-status-of.js';

/**
 * Logs an error that is the server's own fault, with its cause; bad input is not logged. A known error without a cause
 * is logged without a stack: its code says what happened, and probes and full queues repeat it many times a second.
 */
export function logServerError(logger: Logger, error: AppError, requestId: string): void {
  if (HTTP_STATUS_OF[error.code] < 500) return;
  const { code, cause, message } = error;
  logger.error({ request_id: requestId, code, ...(cause !== undefined && { err: cause }) }, message);
}
