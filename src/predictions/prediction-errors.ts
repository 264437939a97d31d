import type { ErrorExample } from '../http/openapi/api-errors.decorator.js';

/** Errors of a prediction from a query, for the documentation of its routes. */
export const QUERY_PREDICTION_ERRORS: readonly ErrorExample[] = [
  'VALIDATION_FAILED',
  [
    'CONTRACT_CHANGED',
    {
      model: 'titanic-survival',
      runId: 'titanic-rule-baseline-001',
      contract: '0123456789abcdef',
      wanted: 'fedcba9876543210',
    },
  ],
  'PREDICTION_FAILED',
  'WORKER_LOST',
  ['QUEUE_FULL', { retryAfterSeconds: 1 }],
  ['PREDICTION_TIMEOUT', { timeoutMs: 30000 }],
];

/** Errors of a prediction from a body. */
export const PREDICTION_ERRORS: readonly ErrorExample[] = [
  'BODY_NOT_READABLE',
  ['BODY_TOO_LARGE', { limitBytes: 10485760 }],
  ['BODY_RATIO_TOO_HIGH', { maxRatio: 200 }],
  ['BODIES_IN_FLIGHT', { retryAfterSeconds: 1 }],
  ['UNSUPPORTED_MEDIA_TYPE', { received: 'text/plain' }],
  'UNSUPPORTED_ENCODING',
  ...QUERY_PREDICTION_ERRORS,
];
