import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

import { probeHalfClosed } from './probe-half-closed.js';

/** How long a client waits for its next answer before it is asked, milliseconds. */
const PAUSE_MS = 50;

/**
 * Answers that a connection of HTTP/1.1 still owes, in the order of their requests. Once the client has ended its side, it
 * is asked whether it is still there (`probeHalfClosed`), only ever before the first of them has begun. One listener
 * serves all, however many requests a client sends ahead.
 */
export class OpenAnswers {
  private static readonly byConnection = new WeakMap<Duplex, OpenAnswers>();

  /** Those of a connection. */
  static of(connection: Duplex): OpenAnswers {
    const known = this.byConnection.get(connection) ?? new OpenAnswers(connection);
    this.byConnection.set(connection, known);
    return known;
  }

  private readonly responses = new Set<ServerResponse>();
  private probed: ServerResponse | undefined;

  private constructor(private readonly connection: Duplex) {
    connection.once('end', () => this.probeFirst());
  }

  /** Adds the answer to the request that came last. */
  add(response: ServerResponse): void {
    this.responses.add(response);
    response.once('close', () => {
      this.responses.delete(response);
      // The next answer is mostly there at once.
      if (this.responses.size > 0 && this.connection.readableEnded)
        setTimeout(() => this.probeFirst(), PAUSE_MS).unref();
    });
  }

  private probeFirst(): void {
    const [first] = this.responses;
    if (!first || first === this.probed || !this.connection.readableEnded) return;
    this.probed = first;
    probeHalfClosed(
      (text) => this.connection.write(text),
      () => !first.headersSent && this.responses.has(first),
    );
  }
}
