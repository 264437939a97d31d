import { IncomingMessage, ServerResponse, createServer } from 'node:http';

import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express } from 'express';

import { handOver, takeNote } from './fallback.js';
import { PlainConnections } from './raw-connections.js';
import { ShortRequests } from './node-fast-path.js';
import type { ShortWay } from './fast-path.js';

/**
 * Express, without its two costs on a hot path.
 *
 * Express gives each request and response its own prototype when it first sees them. That changes an object the engine
 * has already optimised for, and everything after it runs several times slower. Here the server creates both with those
 * prototypes from the start, so Express' change changes nothing. And a short way may look at a request first: the routes
 * that carry the load (predictions) are answered there when nothing about the request is out of the ordinary, and
 * anything else goes the ordinary way through Express and Nest, so that there is one behaviour and one set of errors.
 * (docs/decisions/0005-two-ways-one-behaviour.md has the figures.)
 */
export class LeanExpressAdapter extends ExpressAdapter {
  /** Connections that carry plain requests only. */
  plainConnections: PlainConnections;
  private shortRequests: ShortRequests | undefined;

  /** Sets what sees requests first. */
  useShortWay(way: ShortWay): void {
    this.plainConnections.serve(way);
    this.shortRequests = new ShortRequests(
      way,
      (request, response) => void this.getInstance<Express>()(request, response),
    );
  }

  override initHttpServer(): void {
    const app = this.getInstance<Express>();
    const shapes = {
      IncomingMessage: preShaped(IncomingMessage, app.request),
      ServerResponse: preShaped(ServerResponse, app.response),
    };
    const server = createServer(shapes, (request, response) => {
      const note = takeNote(request.socket);
      if (note) handOver(request, note);
      else if (this.shortRequests?.take(request, response)) return;
      app(request, response);
    });
    this.httpServer = server;
    this.plainConnections = new PlainConnections(server);
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
