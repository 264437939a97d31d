import type { Logger } from '@nestjs/common';

import type { AppError, ErrorCode } from '../../domain/app-error.js';
import { LineLimiter } from '../../logging/line-limiter.js';

/** Errors of somebody who may be guessing. */
const REFUSED: readonly ErrorCode[] = ['ADMIN_KEY_WRONG', 'WEBHOOK_SIGNATURE_WRONG'];
/** They are logged at most once in this time for each address, milliseconds. */
const REFUSED_LOG_MS = 10_000;

const lines = new LineLimiter(REFUSED_LOG_MS);

/** Logs a wrong key or signature with the address it came from, never with what was given. */
export function logRefusedKey(logger: Logger, { code, message }: AppError, client: string | undefined): void {
  if (!REFUSED.includes(code)) return;
  const leftOut = lines.next(`${code} ${client ?? ''}`);
  if (leftOut === undefined) return;
  logger.warn({ code, client, ...(leftOut > 0 && { requests_since_last_line: leftOut }) }, message);
}
