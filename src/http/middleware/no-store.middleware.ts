import type { NextFunction, Request, Response } from 'express';

/** Answers are not for caches unless a route says otherwise: each envelope is of its moment, predictions hold inputs. */
export function noStoreMiddleware(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('Cache-Control', 'no-store');
  next();
}
