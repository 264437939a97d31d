import type { ServerResponse } from 'node:http';

import type { EndpointAnswer } from './http-endpoint.js';

/** Writes a whole answer to a response of Node's HTTP server, beside the headers that are set on it already. */
export function writeAnswer(response: ServerResponse, { status, headers, body }: EndpointAnswer): void {
  response.statusCode = status;
  for (let i = 0; i < headers.length; i += 2) response.setHeader(headers[i]!, headers[i + 1]!);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
