import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

import { PredictionTiming } from '../../domain/prediction-timing.js';
import { ValidationError } from '../../domain/validation-problem.js';
import { TIMEOUT_HEADER, readTimeout } from './timeout-header.js';

declare module 'express-serve-static-core' {
  interface Request {
    /** How long it took to read the body as JSON, milliseconds. */
    parseMs?: number;
    /** Where the time of a prediction went; set for requests that predict. */
    timing?: PredictionTiming;
  }
}

/** The clock of a request for predictions. */
export interface RequestClock {
  /** Milliseconds that the client is willing to wait; Infinity when it does not say. */
  readonly timeoutMs: number;
  /** `performance.now()` from which they count. */
  readonly sinceMs: number;
  /** Where the time goes, to be filled in. */
  readonly timing: PredictionTiming;
}

/** The clock of a request. @throws ValidationError when the header X-Timeout-Ms is not a number of milliseconds. */
export const Clock = createParamDecorator((_data: unknown, context: ExecutionContext): RequestClock => {
  const request = context.switchToHttp().getRequest<Request>();
  const timeoutMs = readTimeout(request.headers, Infinity);
  if (timeoutMs === undefined) throw new ValidationError([BAD_TIMEOUT]);
  const timing = new PredictionTiming();
  timing.parseMs = request.parseMs ?? 0;
  request.timing = timing;
  return { timeoutMs, sinceMs: request.arrivedAtMs, timing };
});

const BAD_TIMEOUT = {
  loc: ['header', TIMEOUT_HEADER.toLowerCase()],
  msg: 'value is not a whole number of milliseconds from 1 to 999999999',
  type: 'value_error',
} as const;
