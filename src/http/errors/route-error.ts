import { HttpException } from '@nestjs/common';
import type { Express, Request } from 'express';

import { AppError } from '../../domain/app-error.js';
import { truncate } from '../../lib/truncate.js';
import { allowedMethods } from '../server/allowed-methods.js';
import { HTTP_STATUS_OF } from './http-status-of.js';
import { toAppError } from './to-app-error.js';

/**
 * What is thrown while Express answers a request, as one of our coded errors. Bodies and headers are checked before
 * the route is found, so a client error becomes 404 or 405 where no route matches.
 */
export function toRequestError(thrown: unknown, request: Request): AppError {
  // Nest throws NotFoundException when no route matched, for the path or only for the method.
  if (thrown instanceof HttpException && thrown.getStatus() === 404) return routeError(request) ?? toAppError(thrown);
  const error = toAppError(thrown);
  const isOwn = HTTP_STATUS_OF[error.code] >= 500;
  if (request.route !== undefined || isOwn || error.code === 'BAD_URL') return error;
  return routeError(request) ?? error;
}

/** What keeps a request from reaching any route, if anything does. */
function routeError({ app, path, method }: Request): AppError | undefined {
  const methods = allowedMethods(app as Express, path);
  if (methods.length === 0) return new AppError('ROUTE_NOT_FOUND', { path: truncate(path) });
  return methods.includes(method) ? undefined : new AppError('METHOD_NOT_ALLOWED', { method });
}
