import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** How much of a refused body is read and thrown away, and for how long. */
const MAX_DROPPED_BYTES = 64 * 1024 * 1024;
const MAX_DROP_MS = 10_000;

/** A connection as Node's HTTP server ends it: after what is still to be written. */
type Connection = Duplex & { destroySoon(): void };

/**
 * Reads on and throws away what a client still sends of a refused request, for a bounded time and size; the connection
 * ends with the answer. A connection that is closed with bytes unread is reset, and the client would see that (EPIPE,
 * ECONNRESET) in place of the answer, because many read only when they have sent all.
 */
export function dropRest(request: IncomingMessage, response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
  const socket = request.socket as Connection;
  const destroySoon = socket.destroySoon.bind(socket);
  let dropped = 0;
  let hasAnswered = false;
  let isOver = false;
  const finish = (): void => {
    isOver = true;
    clearTimeout(timer);
    if (hasAnswered) destroySoon();
  };
  const timer = setTimeout(finish, MAX_DROP_MS).unref();
  socket.destroySoon = () => {
    hasAnswered = true;
    if (isOver) return destroySoon();
    // The answer and its end; what comes in is still read.
    socket.end();
  };
  request.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > MAX_DROPPED_BYTES) finish();
  });
  request.once('end', finish);
  request.once('close', finish);
  request.resume();
}
