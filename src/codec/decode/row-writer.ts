import type { JsonValue } from '../../lib/json/json.js';
import { stringifyJson } from '../../lib/json/json-text.js';
import { outputTypesOf } from '../../domain/signature.js';
import type { OutputFieldSchema } from '../../domain/signature.js';

/** Writes one value of an output field as JSON text. */
export type ValueWriter = (value: JsonValue) => string;

/**
 * Compiles the writer of one output field. It writes what `stringifyJson` writes for every value, and values of the
 * field's own type without looking at what they might be instead.
 */
export function compileValueWriter(schema: OutputFieldSchema): ValueWriter {
  switch (outputTypesOf(schema).find((type) => type !== 'null')) {
    case 'integer':
    case 'number':
      return (value) => (typeof value === 'number' && Number.isFinite(value) ? `${value}` : stringifyJson(value));
    case 'boolean':
      return (value) => (value === true ? 'true' : value === false ? 'false' : stringifyJson(value));
    default:
      return stringifyJson;
  }
}
