import type { Socket } from 'node:net';

/** How long a client may take to end its side, milliseconds. */
const CLIENT_END_MS = 1_000;

/**
 * Ends our side of a connection and waits a moment for the client to end its own. What it still sends meanwhile is read and
 * dropped: closing a connection with unread bytes would reset it, and an answer on its way would be lost with them.
 */
export function endGently(socket: Socket): void {
  socket.end();
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), CLIENT_END_MS);
  socket.once('close', () => clearTimeout(timer));
}
