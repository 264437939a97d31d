import type { Logger } from '@nestjs/common';

import type { AppError } from '../../domain/app-error.js';
import { HTTP_STATUS_OF } from './http-status-of.js';

/** Logs an error that is the server's own fault, with its cause; bad input is not logged. */
export function logServerError(logger: Logger, error: AppError, requestId: string): void {
  if (HTTP_STATUS_OF[error.code] < 500) return;
  logger.error({ request_id: requestId, code: error.code, err: error.cause ?? error }, error.message);
}
