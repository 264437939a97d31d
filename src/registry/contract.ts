import { createHash } from 'node:crypto';

import { stringifyJson } from '../domain/json-text.js';
import type { JsonValue } from '../domain/json.js';
import type { Signature } from '../domain/signature.js';

/**
 * The contract's hash: 16 hex digits of the SHA-256 over what clients rely on. Titles, descriptions and examples are
 * left out, and keys, required fields and the members of enums are sorted, so two runs that clients cannot tell apart share a contract.
 */
export function contractHash(signature: Signature): string {
  const text = stringifyJson(canonical(signature as unknown as JsonValue));
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

const ANNOTATIONS = new Set(['title', 'description', 'examples']);
/** Keywords whose lists mean the same in any order. */
const SETS = new Set(['required', 'enum']);

function sorted(list: readonly JsonValue[]): JsonValue[] {
  const textOf = (value: JsonValue) => stringifyJson(value);
  return [...list].sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
}

function canonical(value: JsonValue, isFieldMap = false): JsonValue {
  if (Array.isArray(value)) return value.map((item) => canonical(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    // A field may itself be named "title": only keywords are left out, never names in `properties`.
    .filter(([key]) => isFieldMap || !(ANNOTATIONS.has(key) || key.startsWith('x-')))
    // An empty list of required fields says what its absence says.
    .filter(([key, item]) => isFieldMap || !(key === 'required' && Array.isArray(item) && item.length === 0))
    .map(([key, item]) => {
      const isSet = !isFieldMap && Array.isArray(item) && SETS.has(key);
      return [key, canonical(isSet ? sorted(item) : item, key === 'properties' && !isFieldMap)] as const;
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}
