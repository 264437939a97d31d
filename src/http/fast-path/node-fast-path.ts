import type { IncomingMessage, ServerResponse } from 'node:http';

import { handOver } from './fallback.js';
import type { HandedOver } from './fallback.js';
import { readBody } from './read-known-length.js';
import { requestIdFor } from '../middleware/request-id.middleware.js';
import { isShortAnswer } from './fast-path.js';
import type { ShortAnswer, ShortHandler, ShortWay } from './fast-path.js';

type Ordinary = (request: IncomingMessage, response: ServerResponse) => void;

/** A request on the short way, read by Node's server. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly arrivedAtMs: number;
  /** Whether the ordinary way has it now, which then logs it too. */
  isGivenUp: boolean;
}

/**
 * The short way for connections that are with Node's HTTP server, because something unusual came over them before:
 * plain requests are answered before Express there too.
 */
export class ShortRequests {
  constructor(
    private readonly way: ShortWay,
    private readonly ordinary: Ordinary,
  ) {}

  /** Whether the request goes the short way; it is answered (or handed over) later then. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const handler = this.way.find({ method: request.method!, url: request.url!, headers: request.headers });
    if (!handler) return false;
    const exchange: Exchange = {
      request,
      response,
      requestId: requestIdFor(request.headers['x-request-id']),
      arrivedAtMs: performance.now(),
      isGivenUp: false,
    };
    readBody(request, Number(request.headers['content-length']), (bytes) => this.answer(exchange, handler, bytes));
    return true;
  }

  private answer(exchange: Exchange, handler: ShortHandler, bytes: Buffer): void {
    const { request, response, requestId, arrivedAtMs } = exchange;
    const gone = new AbortController();
    response.once('close', () => {
      if (exchange.isGivenUp) return;
      const isAnswered = response.writableFinished;
      if (!isAnswered) gone.abort();
      const head = { method: request.method!, url: request.url!, headers: request.headers };
      this.way.log?.(head, requestId, isAnswered, arrivedAtMs);
    });
    const caller = { arrivedAtMs, signal: gone.signal, localPort: request.socket.localPort };
    void handler(bytes, caller).then((answer) => {
      if (isShortAnswer(answer)) this.write(exchange, answer);
      else if (!request.socket.destroyed) this.giveUp(exchange, answer);
    });
  }

  private write({ response, requestId }: Exchange, { contract, serverTiming, body }: ShortAnswer): void {
    const own = ['X-Request-Id', requestId, 'Contract-Hash', contract, 'Server-Timing', serverTiming];
    const length = String(Buffer.byteLength(body));
    response.writeHead(200, [...this.way.headers, ...own, 'Content-Length', length]);
    response.end(body);
  }

  private giveUp(exchange: Exchange, note: HandedOver): void {
    exchange.isGivenUp = true;
    handOver(exchange.request, note);
    this.ordinary(exchange.request, exchange.response);
  }
}
