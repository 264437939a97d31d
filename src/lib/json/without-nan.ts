import { isJsonObject } from './json.js';
import type { JsonValue } from './json.js';

/** A value with null for NaN and the infinities, which Python writes where JSON has null, however deep they lie. */
export function withoutNaN(value: JsonValue): JsonValue {
  if (typeof value === 'number' && !Number.isFinite(value)) return null;
  if (Array.isArray(value)) return value.map(withoutNaN);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutNaN(member)]));
}
