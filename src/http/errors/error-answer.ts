import { STATUS_CODES } from 'node:http';

import type { Express, Request, Response } from 'express';

import type { AppError } from '../../domain/app-error.js';
import { stringifyJson } from '../../lib/json-text.js';
import { ValidationError } from '../../domain/validation-issue.js';
import { envelopeHead } from '../envelope/envelope.js';
import { allowedMethods } from '../server/allowed-methods.js';
import { requestUrl } from '../request/request-url.js';
import { HTTP_STATUS_OF } from './http-status-of.js';

/** Marks a request whose validation errors are answered as the users' documents print them: `{"detail": […]}` and nothing else. */
export const BARE_VALIDATION_ERRORS = Symbol('bare validation errors');

/** Writes the answer for an error, in the format the client asked for. */
export function answerError(
  error: AppError,
  request: Request,
  response: Response,
  publicUrl: string | undefined,
): void {
  const status = HTTP_STATUS_OF[error.code];
  if (error.code === 'METHOD_NOT_ALLOWED') {
    response.setHeader('Allow', allowedMethods(request.app as Express, request.path).join(', '));
  }
  if (error.code === 'QUEUE_FULL') response.setHeader('Retry-After', String(error.details.retryAfterSeconds));
  // In a header, because the envelope's keys are fixed.
  response.setHeader('X-Error-Code', error.code);
  const acceptsProblem = /\bapplication\/problem\+json\b/i.test(request.get('accept') ?? '');
  const body = acceptsProblem ? problemDetails(error, request, publicUrl) : ownFormat(error, request, publicUrl);
  response
    .status(status)
    .type(acceptsProblem ? 'application/problem+json' : 'application/json')
    .send(stringifyJson(body));
}

function ownFormat(error: AppError, request: Request, publicUrl: string | undefined): object {
  const detail = detailOf(error);
  if (error instanceof ValidationError && BARE_VALIDATION_ERRORS in request) return { detail, ...error.extras };
  // Clients of the short routes look for the phrase "Invalid run ID" in `message`, so it carries the sentence, not the status.
  const message = error instanceof ValidationError ? undefined : error.message;
  return { ...envelopeHead(request, HTTP_STATUS_OF[error.code], publicUrl, message), detail };
}

/** RFC 9457. */
function problemDetails(error: AppError, request: Request, publicUrl: string | undefined): object {
  const status = HTTP_STATUS_OF[error.code];
  return {
    type: `urn:bestrun:error:${error.code}`,
    title: STATUS_CODES[status],
    status,
    detail: error.message,
    instance: requestUrl(request, publicUrl),
    code: error.code,
    request_id: request.requestId,
    ...(error instanceof ValidationError && { errors: error.issues, ...error.extras }),
  };
}

function detailOf(error: AppError): unknown {
  return error instanceof ValidationError ? error.issues : error.message;
}
