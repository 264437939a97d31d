import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * A client that takes none of its answer for this long is not reading it, milliseconds. Node's timer looks once per
 * period and compares with its look before, so such a connection ends after one to two periods.
 */
const STALLED_MS = 30_000;

/**
 * Ends a connection whose client does not read its answers: it would hold their bytes for ever. Node's own timer of a
 * socket knows whether bytes still leave, so a slow reader is left alone.
 */
export function endWhenStalled(socket: Socket, stalledMs = STALLED_MS): void {
  socket.setTimeout(stalledMs);
  socket.on('timeout', () => destroyStalled(socket));
}

/** The same for an answer of Node's HTTP server, which sets the timer of its sockets itself. */
export function endStalledAnswer(response: ServerResponse, stalledMs = STALLED_MS): void {
  response.setTimeout(stalledMs);
  response.on('timeout', destroyStalled);
}

function destroyStalled(socket: Socket): void {
  if (socket.writableLength > 0) socket.destroy();
}
