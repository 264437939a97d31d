import { STATUS_CODES } from 'node:http';

import type { AppError } from '../../domain/app-error.js';
import { ValidationError } from '../../domain/validation-issue.js';
import { stringifyJson } from '../../lib/json/json-text.js';
import { EndpointAnswer } from '../endpoint/http-endpoint.js';
import { envelopeHead } from '../envelope/envelope.js';
import { wantsProblemDetails } from '../request/accept-header.js';
import { HTTP_STATUS_OF } from './http-status-of.js';

/** What an error answer says of the request it answers. */
interface RefusedRequest {
  readonly method: string;
  /** Absolute, secrets masked. */
  readonly url: string;
  readonly requestId: string;
  /** Its Accept header. */
  readonly accept: string | undefined;
  /** Whether validation errors are `{"detail": […]}` and nothing else, as the short routes answer (docs/decisions/0003). */
  readonly hasBareErrors?: boolean;
}

/** The answer to an error, in the format the client asked for: the one place where errors are written. */
export function errorAnswer(error: AppError, request: RefusedRequest): EndpointAnswer {
  const isProblem = wantsProblemDetails(request.accept);
  const body = isProblem ? problemDetails(error, request) : ownFormat(error, request);
  const type = isProblem ? 'application/problem+json' : 'application/json';
  // The code is in a header, because the envelope's keys are fixed.
  const headers = ['X-Error-Code', error.code, 'Content-Type', `${type}; charset=utf-8`];
  const { retryAfterSeconds } = error.details;
  if (retryAfterSeconds !== undefined) headers.push('Retry-After', String(retryAfterSeconds));
  return new EndpointAnswer(HTTP_STATUS_OF[error.code], headers, stringifyJson(body));
}

function ownFormat(error: AppError, request: RefusedRequest): object {
  const isValidation = error instanceof ValidationError;
  if (isValidation && request.hasBareErrors) return { detail: error.issues, ...error.extras };
  // Clients of the first API look for the phrase "Invalid run ID" in `message`, so it carries the sentence, not the status.
  const message = isValidation ? undefined : error.message;
  const detail = isValidation ? error.issues : error.message;
  return { ...envelopeHead(request, HTTP_STATUS_OF[error.code], message), detail };
}

/** RFC 9457. */
function problemDetails(error: AppError, { url, requestId }: RefusedRequest): object {
  const status = HTTP_STATUS_OF[error.code];
  return {
    type: `urn:bestrun:error:${error.code}`,
    title: STATUS_CODES[status],
    status,
    detail: error.message,
    instance: url,
    code: error.code,
    request_id: requestId,
    ...(error instanceof ValidationError && { errors: error.issues, ...error.extras }),
  };
}
