import { HttpException } from '@nestjs/common';
import type { Express, Request } from 'express';

import { AppError } from '../../domain/app-error.js';
import { allowedMethods } from '../http/allowed-methods.js';

/** What Express' own body reader and router throw: a `type` or a name, and a status. */
interface HttpError {
  readonly type?: string;
  readonly status?: number;
  readonly limit?: number;
  readonly code?: string;
}

/** Any thrown thing as one of our coded errors. What is unknown is INTERNAL_ERROR, with the thing as its cause. */
export function toAppError(thrown: unknown, request: Request): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof URIError) return new AppError('BAD_URL');
  if (thrown instanceof HttpException) return fromHttpException(thrown, request);
  return fromHttpError(thrown) ?? new AppError('INTERNAL_ERROR', {}, { cause: thrown });
}

/**
 * Nest throws NotFoundException when no route matched (the path may be unknown, or only the method), and turns the
 * router's URIError into a 400. It throws nothing else here.
 */
function fromHttpException(exception: HttpException, request: Request): AppError {
  if (exception.getStatus() === 400) return new AppError('BAD_URL', {}, { cause: exception });
  if (exception.getStatus() !== 404) return new AppError('INTERNAL_ERROR', {}, { cause: exception });
  const isKnownPath = allowedMethods(request.app as Express, request.path).length > 0;
  if (isKnownPath) return new AppError('METHOD_NOT_ALLOWED', { method: request.method });
  return new AppError('ROUTE_NOT_FOUND', { path: readablePath(request.path) });
}

function readablePath(path: string): string {
  return path.length > 200 ? `${path.slice(0, 200)}…` : path;
}

function fromHttpError(thrown: unknown): AppError | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const { type, limit, status, code } = thrown as HttpError;
  const options = { cause: thrown };
  if (type === 'entity.too.large') return new AppError('BODY_TOO_LARGE', { limitBytes: limit ?? 0 }, options);
  if (type === 'encoding.unsupported') return new AppError('UNSUPPORTED_ENCODING', {}, options);
  // Broken gzip data, a body shorter than its Content-Length, a client that went away.
  if (type?.startsWith('request.') || code?.startsWith('Z_') || status === 400) {
    return new AppError('BODY_NOT_READABLE', {}, options);
  }
  return undefined;
}
