import type { JsonObject, JsonValue } from '../lib/json/json.js';

// A constructor with an empty prototype: rows keep the engine's fast object layout (Object.create(null) would not), and
// a field named __proto__ or toString is a field like any other.
const Row = function () {} as unknown as { new (): JsonObject; prototype: object };
Row.prototype = Object.create(null) as object;

/** An empty row that inherits nothing: any field name may be assigned. */
export function newRow(): JsonObject {
  return new Row();
}

/** A row's own value of a field; undefined when it has none, whatever its prototype holds. */
export function fieldOf(row: Readonly<Record<string, unknown>>, name: string): JsonValue | undefined {
  return Object.hasOwn(row, name) ? (row[name] as JsonValue) : undefined;
}
