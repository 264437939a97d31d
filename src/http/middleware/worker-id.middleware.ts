import cluster from 'node:cluster';

import type { RequestHandler } from 'express';

/** Sets `X-Worker-Id`, the server process that answers: it shows how requests are distributed (`WORKERS`). */
export function workerIdMiddleware(): RequestHandler {
  const id = cluster.worker ? String(cluster.worker.id) : '1';
  return (_request, response, next) => {
    response.setHeader('X-Worker-Id', id);
    next();
  };
}
