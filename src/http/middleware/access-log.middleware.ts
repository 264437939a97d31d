import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';

/** What the access log records of a request. */
interface LoggedRequest {
  readonly requestId: string;
  readonly method: string;
  /** Without the query: it may contain keys and the values of a prediction. */
  readonly path: string;
  /** undefined when the client went away before its answer. */
  readonly status: number | undefined;
  /** `performance.now()`. */
  readonly receivedAtMs: number;
}

/** Writes the line of one request. */
export type LogRequest = (request: LoggedRequest) => void;

/** Status logged for a client that closed the connection before its answer (nginx's code); it is never sent. */
const CLIENT_GONE = 499;

/** The access log: one line per request, with id, method, path, status and milliseconds. */
export function accessLog(logger: Logger): LogRequest {
  return ({ requestId, method, path, status = CLIENT_GONE, receivedAtMs }) => {
    const ms = Math.round((performance.now() - receivedAtMs) * 100) / 100;
    const message = status === CLIENT_GONE ? 'request given up by the client' : 'request';
    logger.info({ request_id: requestId, method, path, status, ms }, message);
  };
}

/** Logs requests that Express answers. */
export function accessLogMiddleware(log: LogRequest): RequestHandler {
  return ({ requestId, method, path, arrivedAtMs }: Request, response: Response, next: NextFunction) => {
    // 'close' comes after 'finish' and also when the client went away before the answer.
    response.once('close', () => {
      const status = response.writableFinished ? response.statusCode : undefined;
      log({ requestId, method, path, status, receivedAtMs: arrivedAtMs });
    });
    next();
  };
}
