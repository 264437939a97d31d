import type { Server } from 'node:http';

import type { Logger } from 'pino';

/** The log says at most once in this time that connections are refused, milliseconds. */
const LOG_PAUSE_MS = 10_000;

/** Closes connections beyond a number at once: each takes memory and one of the files that the system lets a process open. */
export function limitConnections(server: Server, maxConnections: number, logger: Logger): void {
  server.maxConnections = maxConnections;
  let refused = 0;
  let loggedAtMs = -Infinity;
  server.on('drop', () => {
    refused += 1;
    if (performance.now() - loggedAtMs < LOG_PAUSE_MS) return;
    logger.warn(
      { max_connections: maxConnections, refused },
      'connections are refused: as many are open as MAX_CONNECTIONS allows',
    );
    [refused, loggedAtMs] = [0, performance.now()];
  });
}
