/**
 * Every error a caller can meet: its code and the sentence it gets. The one table of codes; `docs/errors.md` and
 * `common/errors/http-status-of.ts` are tested against it. `{name}` takes the fact of that name.
 */
export const ERROR_MESSAGES = {
  VALIDATION_FAILED: 'The request does not fit the contract; detail lists every problem.',
  BODY_NOT_READABLE: 'There was an error parsing the body',
  BODY_TOO_LARGE: 'The body is larger than {limitBytes} bytes. Send fewer rows per request.',
  UNSUPPORTED_MEDIA_TYPE: 'The body must be JSON: send Content-Type application/json (received {received}).',
  UNSUPPORTED_ENCODING: 'The body must be sent as it is or compressed with gzip, deflate or br.',
  NOT_ACCEPTABLE: 'This resource is available as application/json only; change the Accept header.',
  BAD_REQUEST: 'The request is not well-formed HTTP.',
  BAD_URL: 'The address holds a percent sign that encodes nothing. Write % as %25.',
  ROUTE_NOT_FOUND: 'Nothing lives at {path}. GET /docs lists every route.',
  METHOD_NOT_ALLOWED: '{method} is not possible here; the Allow header lists what is.',
  MODEL_NOT_FOUND: 'No model is named "{model}". Known models: {known}.',
  RUN_NOT_FOUND: 'Invalid run ID: no run is named "{runId}". GET /runs lists them.',
  RUN_NOT_OF_MODEL: 'Model "{model}" cannot be served with run "{runId}": {reason}',
  PARAM_NOT_FOUND: 'The run has no parameter "{param}". It has: {known}.',
  METRIC_NOT_FOUND: 'The run has no metric "{metric}". It has: {known}.',
  PERFORMANCE_NOT_FOUND: 'The performance report has nothing at "{filter}". {known}',
  RUN_NOT_SERVABLE: 'Run "{runId}" cannot predict: {reason}',
  PIN_REFUSED: 'Run "{runId}" cannot be served, and nothing has changed: {reason}',
  NO_PREVIOUS_RUN: 'Model "{model}" has no earlier run to go back to: GET /models/{model}/history lists what served.',
  ADMIN_KEY_NOT_SET: 'Nobody may do this here: the operator has set no ADMIN_API_KEY.',
  ADMIN_KEY_WRONG: 'This needs the key of the operator in the header X-API-Key.',
  WEBHOOK_SECRET_NOT_SET: 'Nothing is taken here: the operator has set no MLFLOW_WEBHOOK_SECRET.',
  WEBHOOK_SIGNATURE_WRONG:
    'The delivery is not signed with the secret of this server, or it is more than five minutes old.',
  STORE_NOT_READABLE: 'The store of the models cannot be read now; what is served stays as it is.',
  MODEL_NOT_READY: 'Model "{model}" has no run that can be served: {reason}',
  CONTRACT_CHANGED:
    'Run "{runId}" keeps the contract {contract}, not {wanted}. Compare GET /models/{model}/schema with yours.',
  QUEUE_FULL: 'Too many predictions are waiting. Try again in {retryAfterSeconds} s.',
  PREDICTION_TIMEOUT: 'The prediction took longer than {timeoutMs} ms and was given up.',
  PREDICTION_FAILED: 'The model could not compute this request. Other requests are not affected.',
  WORKER_LOST: 'The process that computed this request was lost and is being replaced. Try again.',
  SHUTTING_DOWN: 'The server is shutting down. Try again.',
  INTERNAL_ERROR: 'Something failed on our side. Tell the operator the request id.',
} as const;

export type ErrorCode = keyof typeof ERROR_MESSAGES;

/** Facts that fill a sentence's `{…}`. */
export type ErrorDetails = Readonly<Record<string, string | number>>;

/** A known failure with its code and facts. The sentence comes from the table, the HTTP status from `common/errors`. */
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
