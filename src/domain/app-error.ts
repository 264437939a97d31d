/**
 * Every error a caller can get: its code and its message. The one table of codes; `docs/errors.md` and
 * `http/errors/http-status-of.ts` are tested against it. `{name}` is replaced by the detail of that name.
 */
export const ERROR_MESSAGES = {
  VALIDATION_FAILED: 'The request does not fit the contract; detail lists every problem.',
  BODY_NOT_READABLE: 'There was an error parsing the body',
  BODY_TOO_LARGE: 'The body is larger than {limitBytes} bytes. Send fewer rows per request.',
  BODY_RATIO_TOO_HIGH:
    'The body unpacks to more than {maxRatio} times its size. Send it as it is, or in several requests.',
  BODIES_IN_FLIGHT: 'The server holds as many request bodies as it may. Try again in {retryAfterSeconds} s.',
  UNSUPPORTED_MEDIA_TYPE: 'The body must be JSON: send Content-Type application/json (received {received}).',
  UNSUPPORTED_ENCODING: 'The body must be sent as it is or compressed with gzip, deflate or br.',
  NOT_ACCEPTABLE: 'This resource is available as application/json only; change the Accept header.',
  BAD_REQUEST: 'The request is not well-formed HTTP.',
  HEADERS_TOO_LARGE: 'The address and the headers are too long together. Send large data in the body.',
  REQUEST_TIMEOUT: 'The request took too long to arrive.',
  BAD_URL: 'The URL contains an invalid percent encoding. Write % as %25.',
  ROUTE_NOT_FOUND: 'No route matches {path}. GET /docs lists every route.',
  METHOD_NOT_ALLOWED: '{method} is not allowed here; the Allow header lists the allowed methods.',
  MODEL_NOT_FOUND: 'No model is named "{model}". Known models: {known}.',
  RUN_NOT_FOUND: 'Invalid run ID: no run is named "{runId}". GET /runs lists them.',
  RUN_NOT_OF_MODEL: 'Model "{model}" cannot be served with run "{runId}": {reason}',
  PARAM_NOT_FOUND: 'The run has no parameter "{param}". It has: {known}.',
  METRIC_NOT_FOUND: 'The run has no metric "{metric}". It has: {known}.',
  PERFORMANCE_NOT_FOUND: 'The performance report has nothing at "{filter}". {known}',
  RUN_NOT_SERVABLE: 'Run "{runId}" cannot predict: {reason}',
  PIN_REFUSED: 'Run "{runId}" cannot be served, and nothing has changed: {reason}',
  NO_PREVIOUS_RUN:
    'Model "{model}" has no previous run to roll back to: GET /models/{model}/history lists the runs that served.',
  ADMIN_KEY_NOT_SET: 'Disabled: ADMIN_API_KEY is not set.',
  ADMIN_KEY_WRONG: 'This requires the admin key in the X-API-Key header.',
  WEBHOOK_SECRET_NOT_SET: 'Disabled: MLFLOW_WEBHOOK_SECRET is not set.',
  WEBHOOK_SIGNATURE_WRONG:
    'The delivery is not signed with the secret of this server, or it is more than five minutes old.',
  STORE_NOT_READABLE: 'The model store cannot be read now; the served runs do not change.',
  NOTHING_TO_SERVE: 'No model can be served: {reason}',
  MODEL_NOT_READY: 'Model "{model}" has no run that can be served: {reason}',
  CONTRACT_CHANGED:
    'Run "{runId}" has the contract {contract}, not {wanted}. Compare GET /models/{model}/schema with yours.',
  QUEUE_FULL: 'Too many predictions are waiting. Try again in {retryAfterSeconds} s.',
  PREDICTION_TIMEOUT: 'The prediction took longer than {timeoutMs} ms and was cancelled.',
  PREDICTION_FAILED: 'The model could not compute this request. Other requests are not affected.',
  WORKER_LOST: 'The process that computed this request was lost and is being replaced. Try again.',
  SHUTTING_DOWN: 'The server is shutting down. Try again.',
  INTERNAL_ERROR: 'An internal error occurred. Give the operator the request id.',
} as const;

export type ErrorCode = keyof typeof ERROR_MESSAGES;

/** Facts that fill a sentence's `{…}`. */
export type ErrorDetails = Readonly<Record<string, string | number>>;

/** A known failure with its code and details. The message comes from the table, the HTTP status from `http/errors`. */
export class AppError extends Error {
  constructor(
    readonly code: ErrorCode,
    readonly details: ErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(
      ERROR_MESSAGES[code].replace(/\{(\w+)\}/g, (match, name: string) => String(details[name] ?? match)),
      options,
    );
    this.name = 'AppError';
  }
}
