import type { NextFunction, Request, Response } from 'express';

/** Forbids caching unless a route allows it: each envelope has its own timestamp, and predictions contain inputs. */
export function noStoreMiddleware(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('Cache-Control', 'no-store');
  next();
}
