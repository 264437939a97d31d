import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';

import type { RequestHead } from '../fast-path/fast-path.js';

/**
 * One line per request: id, method, path, status, milliseconds. The query is left out, because a prediction's values and
 * keys may sit in it.
 */
export function accessLogMiddleware(logger: Logger): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    // 'close' comes after 'finish' and also when the client went away before the answer.
    response.once('close', () => {
      const isAnswered = response.writableFinished;
      const status = isAnswered ? response.statusCode : CLIENT_GONE;
      logger.info(
        lineOf(request.requestId, request.method, request.path, status, request.arrivedAtMs),
        messageOf(status),
      );
    });
    next();
  };
}

/** The same line for a request that did not go through Express. */
export function leanAccessLog(logger: Logger) {
  return ({ method, url }: RequestHead, requestId: string, isAnswered: boolean, arrivedAtMs: number): void => {
    const status = isAnswered ? 200 : CLIENT_GONE;
    logger.info(lineOf(requestId, method, url, status, arrivedAtMs), messageOf(status));
  };
}

/** Status of the log for a client that went away before its answer; it is sent to nobody. */
const CLIENT_GONE = 499;

function messageOf(status: number): string {
  return status === CLIENT_GONE ? 'request given up by the client' : 'request';
}

function lineOf(requestId: string, method: string, path: string, status: number, arrivedAtMs: number): object {
  const ms = Math.round((performance.now() - arrivedAtMs) * 100) / 100;
  return { request_id: requestId, method, path, status, ms };
}
