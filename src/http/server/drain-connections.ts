import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What else reads connections of the server, before Node does. */
interface ConnectionReader {
  /** Ends what serves no request. @returns the connections that go on until their answer has ended. */
  drain(): ReadonlySet<Socket>;
}

/**
 * Watches the connections of a server from now on.
 *
 * @param reader  reads connections before Node's server does; none when Node reads all of them.
 * @returns what to call when the server closes: connections that serve no request end at once, the others with their
 *          answer. Node's own `close()` waits for every connection that has not asked anything yet, and for those that
 *          stay open after an answer.
 */
export function watchConnections(server: Server, reader: ConnectionReader | undefined): () => void {
  const sockets = new Set<Socket>();
  const responses = new Set<ServerResponse>();
  let isDraining = false;

  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // Runs before Express' listener, while no answer has been sent.
  server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
    responses.add(response);
    response.once('close', () => responses.delete(response));
    if (isDraining) response.setHeader('Connection', 'close');
  });

  return () => {
    isDraining = true;
    const active = new Set<Socket | null>([...responses].map(({ socket }) => socket));
    for (const socket of reader?.drain() ?? []) active.add(socket);
    for (const socket of sockets) if (!active.has(socket)) socket.destroy();
    for (const response of responses) if (!response.headersSent) response.setHeader('Connection', 'close');
  };
}
