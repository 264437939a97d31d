import type { Request, Response } from 'express';

import { OpenAnswers } from '../server/open-answers.js';
import type { RequestExchange } from './http-endpoint.js';

/** A request that Express carries, as endpoints take it. */
export function exchangeOf(request: Request, response: Response): RequestExchange {
  return {
    requestId: request.requestId,
    receivedAtMs: request.startedAtMs,
    signal: clientSignal(request, response),
    readBody: request.readBody,
  };
}

/** Aborted when the client goes away before its answer. */
function clientSignal({ socket, httpVersion }: Request, response: Response): AbortSignal {
  const controller = new AbortController();
  if (httpVersion === '1.1') OpenAnswers.of(socket).add(response);
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
