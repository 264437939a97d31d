import type { RequestHeaders } from './request-head.js';

/** Header of an answer: hash of the contract that the run which answered keeps. */
export const CONTRACT_HEADER = 'Contract-Hash';
/** Header of a request: the contracts its client was written for. Another one is answered 412. */
export const CONTRACT_MATCH_HEADER = 'If-Contract-Match';

const KEY = CONTRACT_MATCH_HEADER.toLowerCase();
const HASH = /^(?:"([0-9a-f]{16})"|([0-9a-f]{16}))$/;
const ANY: readonly string[] = [];

/**
 * The contracts a client can work with: one hash, in quotes or not, or several separated by commas.
 *
 * @returns empty when the client does not say; undefined when the header is there and holds anything but hashes.
 */
export function readContractMatch(headers: RequestHeaders): readonly string[] | undefined {
  const given = headers[KEY];
  if (given === undefined) return ANY;
  if (typeof given !== 'string') return undefined;
  const values = given.split(',').map((part) => {
    const [, quoted, bare] = HASH.exec(part.trim()) ?? [];
    return quoted ?? bare;
  });
  return values.every((hash) => hash !== undefined) ? values : undefined;
}
