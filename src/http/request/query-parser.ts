import { parse } from 'node:querystring';

/** Most parameters a query may have; further ones are ignored. */
const MAX_PARAMETERS = 1_000;

/**
 * Parses a query into an object without prototype; of a repeated key the last value wins (as in FastAPI).
 *
 * @throws URIError for a percent sign that encodes nothing; Express answers 400 then.
 */
export function parseQuery(text: string): Record<string, string> {
  const query = Object.create(null) as Record<string, string>;
  // Decoded here, because Node's parser keeps text that cannot be decoded.
  const parsed = parse(text, '&', '=', { maxKeys: MAX_PARAMETERS, decodeURIComponent: (piece) => piece });
  for (const [key, value] of Object.entries(parsed)) {
    const last = Array.isArray(value) ? value.at(-1)! : (value ?? '');
    query[decodeURIComponent(key)] = decodeURIComponent(last);
  }
  return query;
}
