import type { IncomingMessage, ServerResponse } from 'node:http';

import type { RequestHandler } from 'express';

/**
 * The headers that middlewares set on an answer, found by running them on a response that only records.
 *
 * @param middlewares  ones whose headers depend on nothing in the request but its origin.
 * @param origin  the request's Origin header: the page that asks.
 * @returns names and values in turn.
 */
export function commonHeaders(middlewares: readonly RequestHandler[], origin: string | undefined): string[] {
  const recorded = new Map<string, string>();
  const response = {
    setHeader: (name: string, value: unknown) => recorded.set(name, String(value)),
    getHeader: (name: string) => recorded.get(name),
    removeHeader: (name: string) => recorded.delete(name),
  } as unknown as ServerResponse;
  const request = { method: 'POST', headers: origin === undefined ? {} : { origin } } as IncomingMessage;
  for (const middleware of middlewares) middleware(request as never, response as never, () => undefined);
  return [...recorded].flat();
}
