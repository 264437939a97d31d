import type { RequestHeaders } from './request-head.js';

/** Header by which a client says how long it will wait for a prediction, milliseconds. */
export const TIMEOUT_HEADER = 'X-Timeout-Ms';
const KEY = TIMEOUT_HEADER.toLowerCase();
const WHOLE = /^[1-9]\d{0,8}$/;

/**
 * How long a prediction may take.
 *
 * @param maxMs  the server's own limit: a client may ask for less, not for more.
 * @returns milliseconds; undefined when the header is there and is not a whole number of them.
 */
export function readTimeout(headers: RequestHeaders, maxMs: number): number | undefined {
  const given = headers[KEY];
  if (given === undefined) return maxMs;
  return typeof given === 'string' && WHOLE.test(given) ? Math.min(maxMs, Number(given)) : undefined;
}
