import { randomUUID } from 'node:crypto';

import type { NextFunction, Request, Response } from 'express';

const ACCEPTED_ID = /^[\w.:-]{1,128}$/;

declare module 'express-serve-static-core' {
  interface Request {
    /** Given by the client in X-Request-Id, or made here. */
    requestId: string;
    /** When the request arrived, `performance.now()` milliseconds. */
    startedAtMs: number;
  }
}

/** The client's id when it is safe to log, else a new one. */
export function requestIdFor(given: string | string[] | undefined): string {
  return typeof given === 'string' && ACCEPTED_ID.test(given) ? given : randomUUID();
}

/** Takes the client's request id when it is safe to log, else makes one; the answer carries it. */
export function requestIdMiddleware(request: Request, response: Response, next: NextFunction): void {
  request.requestId = requestIdFor(request.headers['x-request-id']);
  request.startedAtMs = performance.now();
  response.setHeader('X-Request-Id', request.requestId);
  next();
}
