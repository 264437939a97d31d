import type { NextFunction, Request, Response } from 'express';

import { AppError } from '../../domain/app-error.js';

/** Refuses a request without `Host`, which HTTP/1.1 demands (RFC 9112, 3.2). Node's own answer would have no body. */
export function requireHostMiddleware(request: Request, response: Response, next: NextFunction): void {
  if (request.headers.host !== undefined || request.httpVersion !== '1.1') return next();
  response.setHeader('Connection', 'close');
  next(new AppError('BAD_REQUEST'));
}
