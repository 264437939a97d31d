import type { NextFunction, Request, RequestHandler, Response } from 'express';

import { AppError } from '../../domain/app-error.js';
import { JsonSyntaxError, parseJson } from '../../lib/json-text.js';
import { ValidationError } from '../../domain/validation-issue.js';
import { readBodyWithin } from '../request/body-reader.js';
import { handedOver } from '../fast-path/fallback.js';
import type { HandedOver } from '../fast-path/fallback.js';
import { turnOfBody } from '../request/large-body-scheduler.js';

const JSON_TYPE = /^application\/(?:[\w.!#$&^-]+\+)?json$/i;
/** How `fetch` labels a string when its caller names no type; nobody writes that by hand for anything else. */
const UNLABELLED_FETCH = /^text\/plain;\s*charset=utf-8$/i;
const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads JSON bodies. A missing content type counts as JSON (the seeds' clients send none), and so does the label that
 * `fetch` puts on a string by itself. Any other one is 415: a form or a text is not taken for what it does not say.
 *
 * `request.body` is `undefined` for an empty body. Text that is not JSON is a validation error with its position.
 *
 * @param limitBytes  largest body, after decompression.
 */
export function jsonBodyMiddleware(limitBytes: number): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    request.body = undefined;
    const handed = handedOver(request);
    if (handed) return takeHandedOver(request, handed, next);
    if (!hasBody(request)) return next();
    const type = request.headers['content-type'];
    if (type !== undefined && !isJson(type)) {
      return next(new AppError('UNSUPPORTED_MEDIA_TYPE', { received: printable(type) }));
    }
    if (Number(request.headers['content-length'] ?? 0) > limitBytes) {
      return next(new AppError('BODY_TOO_LARGE', { limitBytes }));
    }
    readBodyWithin(limitBytes, request, response, (error, bytes) => {
      if (error) return next(error);
      setBodyInTurn(request, bytes, next);
    });
  };
}

function takeHandedOver(request: Request, { bytes, error }: HandedOver, next: NextFunction): void {
  if (error !== undefined) return next(error);
  setBodyInTurn(request, bytes, next);
}

function setBodyInTurn(request: Request, bytes: Buffer | undefined, next: NextFunction): void {
  const turn = turnOfBody(bytes?.length ?? 0);
  if (!turn) return setBody(request, bytes, next);
  void turn.then((waitedMs) => {
    request.turnMs = waitedMs;
    setBody(request, bytes, next);
  });
}

function setBody(request: Request, bytes: Buffer | undefined, next: NextFunction): void {
  try {
    request.rawBody = bytes;
    const start = performance.now();
    request.body = parseBody(bytes);
    request.parseMs = performance.now() - start;
    next();
  } catch (problem) {
    next(problem);
  }
}

function hasBody({ method, headers }: Request): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function isJson(contentType: string): boolean {
  if (UNLABELLED_FETCH.test(contentType)) return true;
  const [type, ...parameters] = contentType.split(';').map((part) => part.trim());
  const charset = parameters
    .find((parameter) => /^charset=/i.test(parameter))
    ?.slice(8)
    .replace(/"/g, '');
  return JSON_TYPE.test(type!) && (charset === undefined || /^(utf-?8|us-ascii)$/i.test(charset));
}

/** A header a client sent, safe to repeat: short and plain. */
function printable(text: string): string {
  return text.replace(/[^\w/+.;=, -]/g, '').slice(0, 100) || 'an unreadable type';
}

function parseBody(bytes: Buffer | undefined): unknown {
  if (bytes === undefined || bytes.length === 0) return undefined;
  const text = decode(bytes);
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    const { reason, position, line, column, message } = error;
    throw new ValidationError([
      {
        loc: ['body', position],
        msg: message,
        type: 'value_error.jsondecode',
        ctx: { msg: reason, pos: position, lineno: line, colno: column },
      },
    ]);
  }
}

/** A byte order mark is dropped by the decoder itself. */
function decode(bytes: Buffer): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new AppError('BODY_NOT_READABLE', {}, { cause: error });
  }
}
