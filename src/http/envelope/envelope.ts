import { STATUS_CODES } from 'node:http';

/** What every JSON answer of the API starts with, in this order and spelling (the user's API of 2021). */
export interface EnvelopeHead {
  readonly message: string;
  readonly method: string;
  readonly 'status-code': number;
  /** UTC, ISO 8601. */
  readonly timestamp: string;
  /** As requested, with its query. */
  readonly url: string;
}

/** The request an envelope answers. */
export interface EnvelopeRequest {
  readonly method: string;
  /** Absolute, secrets masked. */
  readonly url: string;
}

/** The head of an answer. `message` is the reason phrase of the status unless a sentence is given. */
export function envelopeHead({ method, url }: EnvelopeRequest, status: number, message?: string): EnvelopeHead {
  return {
    message: message ?? STATUS_CODES[status] ?? 'Unknown',
    method,
    'status-code': status,
    timestamp: new Date().toISOString(),
    url,
  };
}

/**
 * The envelope as JSON text.
 *
 * @param data  JSON text.
 */
export function envelopeText(request: EnvelopeRequest, status: number, data: string): string {
  return `${JSON.stringify(envelopeHead(request, status)).slice(0, -1)},"data":${data}}`;
}
