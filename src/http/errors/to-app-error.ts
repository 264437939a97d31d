import { HttpException } from '@nestjs/common';
import type { Express, Request } from 'express';

import { AppError } from '../../domain/app-error.js';
import { truncate } from '../../lib/truncate.js';
import { allowedMethods } from '../server/allowed-methods.js';
import { HTTP_STATUS_OF } from './http-status-of.js';

/** What Express' router throws. */
interface HttpError {
  readonly status?: number;
}

/** Any thrown thing as one of our coded errors. What is unknown is INTERNAL_ERROR, with the thing as its cause. */
export function toAppError(thrown: unknown, request: Request): AppError {
  const error = errorFrom(thrown, request);
  const isServerError = HTTP_STATUS_OF[error.code] >= 500;
  // Errors of bodies and headers are checked before the route: a missing route must not hide them.
  if (request.route !== undefined || isServerError || error.code === 'BAD_URL') return error;
  return routeError(request) ?? error;
}

function errorFrom(thrown: unknown, request: Request): AppError {
  if (thrown instanceof AppError) return thrown;
  // Nest wraps what Express throws.
  if (thrown instanceof HttpException) return fromHttpError(thrown.cause) ?? fromHttpException(thrown, request);
  return fromHttpError(thrown) ?? new AppError('INTERNAL_ERROR', {}, { cause: thrown });
}

/** Nest throws NotFoundException when no route matched, for the path or only for the method. */
function fromHttpException(exception: HttpException, request: Request): AppError {
  const routeFailure = exception.getStatus() === 404 ? routeError(request) : undefined;
  return routeFailure ?? new AppError('INTERNAL_ERROR', {}, { cause: exception });
}

/** What keeps a request from reaching any route, if anything does. */
function routeError({ app, path, method }: Request): AppError | undefined {
  const methods = allowedMethods(app as Express, path);
  if (methods.length === 0) return new AppError('ROUTE_NOT_FOUND', { path: truncate(path) });
  return methods.includes(method) ? undefined : new AppError('METHOD_NOT_ALLOWED', { method });
}

function fromHttpError(thrown: unknown): AppError | undefined {
  if (thrown instanceof URIError) return new AppError('BAD_URL');
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const { status } = thrown as HttpError;
  return status === 400 ? new AppError('BODY_NOT_READABLE', {}, { cause: thrown }) : undefined;
}
