import type { IncomingMessage, ServerResponse } from 'node:http';

import type { RequestHandler } from 'express';

/**
 * The headers that middlewares set on every answer, found by running them once on an answer that only takes notes.
 *
 * @param middlewares  ones whose headers depend on nothing in the request.
 * @returns names and values in turn, as `writeHead` takes them.
 */
export function staticHeaders(middlewares: readonly RequestHandler[]): string[] {
  const noted = new Map<string, string>();
  const response = {
    setHeader: (name: string, value: unknown) => noted.set(name, String(value)),
    getHeader: (name: string) => noted.get(name),
    removeHeader: (name: string) => noted.delete(name),
  } as unknown as ServerResponse;
  const request = { method: 'POST', headers: {} } as IncomingMessage;
  for (const middleware of middlewares) middleware(request as never, response as never, () => undefined);
  return [...noted].flat();
}
