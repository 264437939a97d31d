import { randomUUID } from 'node:crypto';

import type { NextFunction, Request, Response } from 'express';

const ACCEPTED_ID = /^[\w.:-]{1,128}$/;

declare module 'express-serve-static-core' {
  interface Request {
    /** Given by the client in X-Request-Id, or made here. */
    requestId: string;
    /** When the request arrived, `performance.now()` milliseconds. */
    arrivedAtMs: number;
  }
}

/** Takes the client's request id when it is safe to log, else makes one; the answer carries it. */
export function requestIdMiddleware(request: Request, response: Response, next: NextFunction): void {
  const given = request.get('x-request-id');
  request.requestId = given !== undefined && ACCEPTED_ID.test(given) ? given : randomUUID();
  request.arrivedAtMs = performance.now();
  response.setHeader('X-Request-Id', request.requestId);
  next();
}
