import type { NextFunction, Request, RequestHandler, Response } from 'express';

import { AppError } from '../../domain/app-error.js';
import { readBodyWithin } from '../request/body-reader.js';
import type { BodyLimits } from '../request/body-reader.js';
import { turnOfBody } from '../request/large-body-scheduler.js';
import { parseJsonBody } from '../../domain/input/json-body.js';
import { requireJsonType } from '../request/json-content.js';
import { hasBody } from '../request/request-head.js';

declare module 'express-serve-static-core' {
  interface Request {
    /** The body as it came, unpacked; undefined while nobody has read it. */
    rawBody?: Buffer;
    /** Reads the body, once. @throws AppError as `readBodyWithin`. */
    readBody: () => Promise<Buffer>;
  }
}

/**
 * Reads JSON bodies of every route but those of an endpoint, which reads its own.
 *
 * `request.body` is `undefined` for an empty body. Text that is not JSON is a validation error with its position.
 *
 * @param limits  largest body, and how much all bodies may take.
 * @param isOfEndpoint  whether an endpoint reads the body of this request.
 */
export function jsonBodyMiddleware(limits: BodyLimits, isOfEndpoint: (request: Request) => boolean): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    request.body = undefined;
    request.readBody = () => readBody(request, response, limits);
    if (!hasBody(request) || isOfEndpoint(request)) return next();
    void readJson(request).then(() => next(), next);
  };
}

/** @throws AppError or ValidationError: what is wrong with the body. */
async function readJson(request: Request): Promise<void> {
  requireJsonType(request.headers['content-type']);
  const bytes = await request.readBody();
  // No route but an endpoint's takes more than a few facts.
  if (bytes.length > MAX_OWN_BODY_BYTES) throw new AppError('BODY_TOO_LARGE', { limitBytes: MAX_OWN_BODY_BYTES });
  await turnOfBody(bytes.length);
  request.body = parseJsonBody(bytes);
}

async function readBody(request: Request, response: Response, limits: BodyLimits): Promise<Buffer> {
  if (request.rawBody || !hasBody(request)) return request.rawBody ?? EMPTY;
  request.rawBody = await readBodyWithin(limits, request, response);
  return request.rawBody;
}

/** Largest body of a route that is no endpoint's: it is read on the main thread. */
const MAX_OWN_BODY_BYTES = 256 * 1024;

const EMPTY = Buffer.alloc(0);
