import type { NextFunction, Request, Response } from 'express';

import { AppError } from '../../domain/app-error.js';

/** Paths that answer something else than JSON. */
const OTHER_TYPES = /^\/(docs|redoc)(\/|$)/;

/** Refuses clients that cannot take JSON, instead of sending it all the same. A missing Accept takes anything. */
export function acceptableMiddleware(request: Request, _response: Response, next: NextFunction): void {
  const accepts = OTHER_TYPES.test(request.path) || request.accepts(['application/json', 'application/problem+json']);
  next(accepts ? undefined : new AppError('NOT_ACCEPTABLE'));
}
