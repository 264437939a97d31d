import type { Request, Response } from 'express';

import { probeHalfClosed } from '../server/probe-half-closed.js';
import type { RequestExchange } from './http-endpoint.js';

/** A request that Express carries, as endpoints take it. */
export function exchangeOf(request: Request, response: Response): RequestExchange {
  return {
    requestId: request.requestId,
    receivedAtMs: request.arrivedAtMs,
    signal: clientSignal(request, response),
    readBody: request.readBody,
  };
}

/** Aborted when the client goes away before its answer. */
function clientSignal({ socket, httpVersion }: Request, response: Response): AbortSignal {
  const controller = new AbortController();
  const onEnd = () => {
    if (httpVersion === '1.1')
      probeHalfClosed(
        (text) => socket.write(text),
        () => !response.headersSent && !response.closed,
      );
  };
  socket.once('end', onEnd);
  response.once('close', () => {
    socket.off('end', onEnd);
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
