import { STATUS_CODES } from 'node:http';

import { isoTimestamp } from '../response/clock-texts.js';

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

/** The request an envelope answers. */
interface EnvelopeRequest {
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
    timestamp: isoTimestamp(),
    url,
  };
}

/** Writes envelopes around data that is JSON text already. */
export type EnvelopeWriter = (data: string) => string;

/**
 * A writer for answers of one kind to one request: what does not change from answer to answer is written once. Requests
 * with the same head share it.
 */
export function envelopeWriter(request: EnvelopeRequest, status: number): EnvelopeWriter {
  const head = JSON.stringify({ ...envelopeHead(request, status), timestamp: TIMESTAMP });
  const [before, after] = head.slice(0, -1).split(TIMESTAMP, 2) as [string, string];
  return (data) => `${before}${isoTimestamp()}${after},"data":${data}}`;
}

/** Stands for the time of an answer; `message` comes before it and never holds it. */
const TIMESTAMP = '<timestamp>';
