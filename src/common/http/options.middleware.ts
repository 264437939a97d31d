import type { Express, RequestHandler } from 'express';

import { allowedMethods } from './allowed-methods.js';

/** Answers OPTIONS with 204 and `Allow`; the CORS headers of a preflight are set before. Unknown paths go on to 404. */
export function optionsMiddleware(app: Express): RequestHandler {
  return (request, response, next) => {
    if (request.method !== 'OPTIONS') return next();
    const methods = allowedMethods(app, request.path);
    if (methods.length === 0) return next();
    response.setHeader('Allow', methods.join(', '));
    response.status(204).end();
  };
}
