import cluster from 'node:cluster';

import type { RequestHandler } from 'express';

/** Names the server process that answers, so that people can see how requests spread (`WORKERS`). */
export function workerIdMiddleware(): RequestHandler {
  const id = cluster.worker ? String(cluster.worker.id) : '1';
  return (_request, response, next) => {
    response.setHeader('X-Worker-Id', id);
    next();
  };
}
