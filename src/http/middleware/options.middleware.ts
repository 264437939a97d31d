import type { Express, RequestHandler } from 'express';

import { allowedMethods } from '../server/allowed-methods.js';

/** Methods of all routes together: the answer to `OPTIONS *`, which asks about the whole server. */
const ALL_METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'];

/** Answers OPTIONS with 204 and `Allow`; the CORS headers of a preflight are set before. Unknown paths go on to 404. */
export function optionsMiddleware(app: Express): RequestHandler {
  return (request, response, next) => {
    if (request.method !== 'OPTIONS') return next();
    const methods = request.path === '*' ? ALL_METHODS : allowedMethods(app, request.path);
    if (methods.length === 0) return next();
    response.setHeader('Allow', methods.join(', '));
    response.status(204).end();
  };
}
