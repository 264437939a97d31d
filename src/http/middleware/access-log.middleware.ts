import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';

import type { AnswerSubject } from '../endpoint/http-endpoint.js';
import { subjectOf } from '../endpoint/write-answer.js';
import type { ClientFacts } from '../request/client-facts.js';
import { headOf } from '../request/express-head.js';
import type { RequestHead } from '../request/request-head.js';

/** What the access log records of a request. */
interface LoggedRequest {
  readonly requestId: string;
  /** Address of the client, as far as proxies are trusted. */
  readonly client: string | undefined;
  readonly method: string;
  /** Without the query: it may contain keys and the values of a prediction. */
  readonly path: string;
  /** undefined when the client went away before its answer. */
  readonly status: number | undefined;
  /** undefined when the request was not about a run. */
  readonly subject: AnswerSubject | undefined;
  /** `performance.now()`. */
  readonly receivedAtMs: number;
}

/** Writes the line of one request. */
export type LogRequest = (request: LoggedRequest) => void;

/** Status logged for a client that closed the connection before its answer (nginx's code); it is never sent. */
const CLIENT_GONE = 499;

/** The access log: one line per request, with id, client, method, path, model and run if any, status and milliseconds. */
export function accessLog(logger: Logger): LogRequest {
  return ({ requestId, client, method, path, status = CLIENT_GONE, subject, receivedAtMs }) => {
    const ms = Math.round((performance.now() - receivedAtMs) * 100) / 100;
    const message = status === CLIENT_GONE ? 'request given up by the client' : 'request';
    const { model, runId: run_id } = subject ?? NO_SUBJECT;
    logger.info({ request_id: requestId, client, method, path, model, run_id, status, ms }, message);
  };
}

const NO_SUBJECT = { model: undefined, runId: undefined };

/** Logs requests that Express answers. */
export function accessLogMiddleware(log: LogRequest, clientOf: (head: RequestHead) => ClientFacts): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const { requestId, method, path, startedAtMs } = request;
    const { address: client } = clientOf(headOf(request));
    // 'close' comes after 'finish' and also when the client went away before the answer.
    response.once('close', () => {
      const status = response.writableFinished ? response.statusCode : undefined;
      log({ requestId, client, method, path, status, subject: subjectOf(response), receivedAtMs: startedAtMs });
    });
    next();
  };
}
