import { IncomingMessage, ServerResponse, createServer } from 'node:http';
import type { Socket } from 'node:net';

import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express } from 'express';

import { EndpointAnswer } from '../endpoint/http-endpoint.js';
import { writeAnswer } from '../endpoint/write-answer.js';
import { endWhenStalled } from './stalled-connections.js';

/**
 * Express as the general path: the transport for everything the fast path does not carry.
 *
 * Express gives each request and response its own prototype when it first sees them. That changes an object the engine
 * has already optimised for, and everything after it runs several times slower. Here the server creates both with those
 * prototypes from the start, so Express' change changes nothing (docs/decisions/0005 has the figures). A handler may
 * return the whole answer of an endpoint, which is written as it is.
 */
export class PreshapedExpressAdapter extends ExpressAdapter {
  override initHttpServer(): void {
    const app = this.getInstance<Express>();
    const shapes = {
      IncomingMessage: preshaped(IncomingMessage, app.request),
      ServerResponse: preshaped(ServerResponse, app.response),
    };
    // Without a Host header Node answers itself, with no body.
    this.httpServer = createServer({ ...shapes, requireHostHeader: false }, app);
    // Whoever reads its requests: Node's server or the fast path.
    this.httpServer.on('connection', (socket: Socket) => endWhenStalled(socket));
    // A client may end its side when it has sent its request, and wait for the answer.
    Reflect.set(this.httpServer, 'httpAllowHalfOpen', true);
  }

  override reply(response: ServerResponse, body: unknown, statusCode?: number): unknown {
    if (body instanceof EndpointAnswer) return writeAnswer(response, body);
    return super.reply(response, body, statusCode) as unknown;
  }
}

/** A constructor like `base` that creates with `prototype`. Calls the base: `class` and Reflect are slower. */
function preshaped<T extends typeof IncomingMessage | typeof ServerResponse>(base: T, prototype: object): T {
  function Preshaped(this: object, ...args: unknown[]) {
    (base as unknown as Function).apply(this, args);
  }
  Preshaped.prototype = prototype;
  return Preshaped as unknown as T;
}
