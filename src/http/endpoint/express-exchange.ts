import type { Request, Response } from 'express';

import type { RequestExchange } from './http-endpoint.js';

/** A request that Express carries, as endpoints take it. */
export function exchangeOf(request: Request, response: Response): RequestExchange {
  return {
    requestId: request.requestId,
    receivedAtMs: request.arrivedAtMs,
    signal: clientSignal(response),
    readBody: request.readBody,
  };
}

/** Aborted when the client goes away before its answer. */
function clientSignal(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
