import type { NextFunction, Request, RequestHandler, Response } from 'express';

import { AppError } from '../../domain/app-error.js';
import { acceptsJson } from '../request/accept-header.js';

/** Paths whose answers are not JSON. */
const OTHER_TYPES = /^\/(docs|redoc)(\/|$)/;

/**
 * Refuses clients that cannot take JSON, instead of sending it anyway. A missing Accept takes anything.
 *
 * @param isOfEndpoint  whether an endpoint answers the request, and checks this header itself.
 */
export function acceptableMiddleware(isOfEndpoint: (request: Request) => boolean): RequestHandler {
  return (request: Request, _response: Response, next: NextFunction) => {
    const accepts = OTHER_TYPES.test(request.path) || acceptsJson(request.headers.accept) || isOfEndpoint(request);
    next(accepts ? undefined : new AppError('NOT_ACCEPTABLE'));
  };
}
