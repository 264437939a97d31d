import type { DocumentedError } from '../common/openapi/api-errors.decorator.js';

/** Errors every prediction may answer, for the documentation of its routes. */
export const PREDICTION_ERRORS: readonly DocumentedError[] = [
  'BODY_NOT_READABLE',
  ['BODY_TOO_LARGE', { limitBytes: 10485760 }],
  ['UNSUPPORTED_MEDIA_TYPE', { received: 'text/plain' }],
  'VALIDATION_FAILED',
  'PREDICTION_FAILED',
  ['QUEUE_FULL', { retryAfterSeconds: 1 }],
  ['PREDICTION_TIMEOUT', { timeoutMs: 30000 }],
];
