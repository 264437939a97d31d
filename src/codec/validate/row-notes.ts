import type { JsonObject, JsonValue } from '../../lib/json/json.js';
import type { FieldSchema, ObservedValues, RowSchema } from '../../domain/signature.js';
import type { RowNote } from '../../domain/input/row-note.js';
import { fieldOf } from '../rows.js';
import { MAX_PROBLEMS } from './issues.js';
import { memberKey } from './schema-check.js';

/**
 * Tells what is worth knowing of a row.
 *
 * @param given  the row as the client sent it.
 * @param row  the same as the check gave it.
 */
export type DescribeRow = (given: unknown, row: JsonObject) => RowNote;

/** Whether a value lies outside what training saw; undefined is a missing one. */
type IsOutside = (value: JsonValue | undefined) => boolean;

/** Compiles what training saw, once per run. It is never a rule: a row is answered whatever is noted. */
export function compileRowNotes({ properties }: RowSchema): DescribeRow {
  const observed = Object.entries(properties).flatMap(([name, field]): (readonly [string, IsOutside])[] => {
    const isOutside = compileField(field);
    return isOutside ? [[name, isOutside]] : [];
  });
  return (given, row) => ({
    outside_training: observed.flatMap(([name, isOutside]) => (isOutside(fieldOf(row, name)) ? [name] : [])),
    unknown_fields: namesOf(given)
      .filter((name) => !Object.hasOwn(properties, name))
      .slice(0, MAX_PROBLEMS),
  });
}

function namesOf(given: unknown): string[] {
  if (typeof given !== 'object' || given === null) return [];
  return given instanceof Map ? [...(given.keys() as Iterable<string>)] : Object.keys(given);
}

function compileField(field: FieldSchema): IsOutside | undefined {
  const ofValue = compileObserved(field['x-observed']);
  const ofItem = field.items && compileField(field.items);
  const missing = field['x-observed']?.missing;
  if (!ofValue && !ofItem && missing === undefined) return undefined;
  return (value) => {
    if (value === undefined || value === null) return missing === 0;
    if (!Array.isArray(value)) return ofValue?.(value) ?? false;
    return value.some((item) => isOutsideItem(item, ofValue) || (ofItem?.(item) ?? false));
  };
}

/** What is observed of a list holds for every value in it, however deep. */
function isOutsideItem(item: JsonValue, ofValue: IsOutside | undefined): boolean {
  if (!ofValue) return false;
  return Array.isArray(item) ? item.some((inner) => isOutsideItem(inner, ofValue)) : ofValue(item);
}

function compileObserved(observed: ObservedValues | undefined): IsOutside | undefined {
  if (!observed) return undefined;
  const { minimum = -Infinity, maximum = Infinity, values } = observed;
  const members = values && new Set(values.map(memberKey));
  if (!members && minimum === -Infinity && maximum === Infinity) return undefined;
  return (value) => {
    if (value === undefined || value === null) return false;
    if (members && !members.has(memberKey(value))) return true;
    return isNumber(value) && (value < minimum || value > maximum);
  };
}

function isNumber(value: JsonValue): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}
