import type { Request } from 'express';

import type { RequestHead } from './request-head.js';

/** The head of a request that Node's HTTP server read, as endpoints and answers take it. */
export function headOf({ method, originalUrl, headers, socket }: Request): RequestHead {
  const { remoteAddress, localPort } = socket;
  const isEncrypted = 'encrypted' in socket && socket.encrypted === true;
  return { method, url: originalUrl, headers, connection: { remoteAddress, localPort, isEncrypted } };
}
