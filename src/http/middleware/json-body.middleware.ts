import type { NextFunction, Request, RequestHandler, Response } from 'express';

import { AppError } from '../../domain/app-error.js';
import { readBodyWithin } from '../request/body-reader.js';
import { turnOfBody } from '../request/large-body-scheduler.js';
import { parseJsonBody, requireJsonType } from '../request/json-content.js';
import { hasBody } from '../request/request-head.js';

declare module 'express-serve-static-core' {
  interface Request {
    /** The body as it came, unpacked; undefined while nobody has read it. */
    rawBody?: Buffer;
    /** Reads the body, once. @throws AppError BODY_TOO_LARGE, BODY_NOT_READABLE, UNSUPPORTED_ENCODING. */
    readBody: () => Promise<Buffer>;
  }
}

/**
 * Reads JSON bodies of every route but those of an endpoint, which reads its own.
 *
 * `request.body` is `undefined` for an empty body. Text that is not JSON is a validation error with its position.
 *
 * @param limitBytes  largest body, after decompression.
 * @param isOfEndpoint  whether an endpoint reads the body of this request.
 */
export function jsonBodyMiddleware(limitBytes: number, isOfEndpoint: (request: Request) => boolean): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    request.body = undefined;
    request.readBody = () => readBody(request, response, limitBytes);
    if (!hasBody(request) || isOfEndpoint(request)) return next();
    void readJson(request).then(() => next(), next);
  };
}

/** @throws AppError or ValidationError: what is wrong with the body. */
async function readJson(request: Request): Promise<void> {
  requireJsonType(request.headers['content-type']);
  const bytes = await request.readBody();
  await turnOfBody(bytes.length);
  request.body = parseJsonBody(bytes);
}

async function readBody(request: Request, response: Response, limitBytes: number): Promise<Buffer> {
  if (request.rawBody || !hasBody(request)) return request.rawBody ?? EMPTY;
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw new AppError('BODY_TOO_LARGE', { limitBytes });
  request.rawBody = await readBodyWithin(limitBytes, request, response);
  return request.rawBody;
}

const EMPTY = Buffer.alloc(0);
