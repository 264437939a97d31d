import { createHash } from 'node:crypto';

import type { JsonValue } from '../domain/json.js';
import type { Signature } from '../domain/signature.js';

/**
 * The contract's hash: 16 hex digits of the SHA-256 over what clients rely on. Titles, descriptions and examples are
 * left out and keys are sorted, so two runs that clients cannot tell apart share a contract.
 */
export function contractHash(signature: Signature): string {
  const text = JSON.stringify(canonical(signature as unknown as JsonValue));
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

const ANNOTATIONS = new Set(['title', 'description', 'examples']);

function canonical(value: JsonValue, isFieldMap = false): JsonValue {
  if (Array.isArray(value)) return value.map((item) => canonical(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    // A field may itself be named "title": only keywords are left out, never names in `properties`.
    .filter(([key]) => isFieldMap || !(ANNOTATIONS.has(key) || key.startsWith('x-')))
    .map(([key, item]) => [key, canonical(item, key === 'properties' && !isFieldMap)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}
