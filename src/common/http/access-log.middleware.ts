import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';

/**
 * One line per request: id, method, path, status, milliseconds. The query is left out, because a prediction's values and
 * keys may sit in it.
 */
export function accessLogMiddleware(logger: Logger): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    // 'close' comes after 'finish' and also when the client went away before the answer.
    response.once('close', () => {
      const isAnswered = response.writableFinished;
      logger.info(
        {
          request_id: request.requestId,
          method: request.method,
          path: request.path,
          status: isAnswered ? response.statusCode : 499,
          ms: Math.round((performance.now() - request.arrivedAtMs) * 100) / 100,
        },
        isAnswered ? 'request' : 'request given up by the client',
      );
    });
    next();
  };
}
