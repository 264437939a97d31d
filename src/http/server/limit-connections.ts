import type { Server } from 'node:http';

import type { Logger } from 'pino';

import { LineLimiter } from '../../logging/line-limiter.js';

/** The log says at most once in this time that connections are refused, milliseconds. */
const LOG_PAUSE_MS = 10_000;

/** Closes connections beyond a number at once: each takes memory and one of the files that the system lets a process open. */
export function limitConnections(server: Server, maxConnections: number, logger: Logger): void {
  server.maxConnections = maxConnections;
  const lines = new LineLimiter(LOG_PAUSE_MS);
  server.on('drop', () => {
    const more = lines.next('refused');
    if (more === undefined) return;
    logger.warn(
      { max_connections: maxConnections, refused: more + 1 },
      'connections are refused: as many are open as MAX_CONNECTIONS allows',
    );
  });
}
