import type { NextFunction, Request, Response } from 'express';

import { BARE_VALIDATION_ERRORS } from '../errors/error-answer.js';

const SEED_ROUTES = /^\/(?:predict|prediction|runs\/[^/]+\/predict)\/?$/;

/**
 * The prediction routes of 2021 answer a broken contract as they always did, `{"detail": […]}` to the byte.
 * A middleware, because a body that is not JSON fails before any handler is known. See docs/decisions/0003.
 */
export function seedRoutesMiddleware(request: Request, _response: Response, next: NextFunction): void {
  if (SEED_ROUTES.test(request.path)) Object.assign(request, { [BARE_VALIDATION_ERRORS]: true });
  next();
}
