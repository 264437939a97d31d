import { STATUS_CODES } from 'node:http';

import type { Request } from 'express';

import { requestUrl } from '../request/request-url.js';

/** What every JSON answer of the API starts with, in this order and spelling (the users' documents of 2021). */
interface EnvelopeHead {
  readonly message: string;
  readonly method: string;
  readonly 'status-code': number;
  /** UTC, ISO 8601. */
  readonly timestamp: string;
  /** As requested, with its query. */
  readonly url: string;
}

/** The head of an answer. `message` is the status' reason phrase unless a better sentence is given. */
export function envelopeHead(
  request: Request,
  status: number,
  publicUrl: string | undefined,
  message?: string,
): EnvelopeHead {
  return {
    message: message ?? STATUS_CODES[status] ?? 'Unknown',
    method: request.method,
    'status-code': status,
    timestamp: new Date().toISOString(),
    url: requestUrl(request, publicUrl),
  };
}
