import { IncomingMessage, ServerResponse, createServer } from 'node:http';

import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express } from 'express';

/**
 * Looks at a request before Express does.
 *
 * @returns whether it takes the request; Express gets it otherwise.
 */
export type FirstLook = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * Express, without its two costs on a hot path.
 *
 * Express gives each request and response its own prototype when it first sees them. That changes an object the engine
 * has already optimised for, and everything after it runs several times slower. Here the server creates both with those
 * prototypes from the start, so Express' change changes nothing. And a handler may look at a request first: the routes
 * that carry the load (predictions) are answered there when nothing about the request is out of the ordinary, and
 * anything else goes the ordinary way through Express and Nest, so that there is one behaviour and one set of errors.
 * (docs/decisions/0005-two-ways-one-behaviour.md has the figures.)
 */
export class LeanExpressAdapter extends ExpressAdapter {
  private firstLook: FirstLook = () => false;

  /** Sets the handler that sees requests first. */
  lookFirst(firstLook: FirstLook): void {
    this.firstLook = firstLook;
  }

  override initHttpServer(): void {
    const app = this.getInstance<Express>();
    const shapes = {
      IncomingMessage: preShaped(IncomingMessage, app.request),
      ServerResponse: preShaped(ServerResponse, app.response),
    };
    this.httpServer = createServer(shapes, (request, response) => {
      if (!this.firstLook(request, response)) app(request, response);
    });
  }
}

/** A constructor like `base` whose instances have `prototype` from birth. Calls the base: `class` and Reflect are slower. */
function preShaped<T extends typeof IncomingMessage | typeof ServerResponse>(base: T, prototype: object): T {
  function Shaped(this: object, ...args: unknown[]) {
    (base as unknown as Function).apply(this, args);
  }
  Shaped.prototype = prototype;
  return Shaped as unknown as T;
}
