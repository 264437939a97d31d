import { isJsonObject } from '../lib/json/json.js';
import type { JsonObject, JsonValue } from '../lib/json/json.js';
import { truncate } from '../lib/truncate.js';
import type { Run } from '../domain/run.js';
import { outputTypesOf } from '../domain/signature.js';
import type { OutputFieldSchema, OutputRowSchema } from '../domain/signature.js';
import { labelPlacesOf } from './decode/label-places.js';
import { fieldOf } from './rows.js';
import { memberKey } from './validate/schema-check.js';

/** How far a replayed number may lie from the trainer's unless the run says. */
export const DEFAULT_TOLERANCE = 1e-4;

/** Characters of a value shown in a sentence. */
const MAX_TEXT_LENGTH = 80;

/** When two answers of a run are the same. */
export interface OutputComparison {
  readonly schema: OutputRowSchema;
  /** Where labels stand, which are equal or not: names joined by dots, without the places in lists. */
  readonly labels: ReadonlySet<string>;
  /** Numbers may differ by `tolerance * max(1, |expected|)`. */
  readonly tolerance: number;
  /** The most by which numbers of an output field may differ, where all that was recorded of it are small. */
  readonly most: ReadonlyMap<string, number>;
}

/** Numbers of a field that are all small differ by less than this part of the largest. */
const SMALL_PART = 0.01;
/** Numbers of no more than this stand for zero: they are what rounding left of a difference, and float32 leaves more. */
const ZERO = 1e-12;

/**
 * How the answers of a run are compared: whole numbers, labels, texts and truth values exactly, values of type `number`
 * within a tolerance.
 *
 * @param tolerance  the run's own unless given. Where neither says anything, numbers of a field that are all small are held to a
 *   part of the largest of them: everything would be within the tolerance of numbers of a usual size.
 */
export function comparisonOf(
  run: Pick<Run, 'signature' | 'decode' | 'self_test'> & Partial<Pick<Run, 'examples'>>,
  tolerance?: number,
): OutputComparison {
  const { signature, decode, self_test: selfTest, examples = [] } = run;
  const own = tolerance ?? selfTest?.tolerance;
  const most = own === undefined ? smallNumbersOf(examples.map(({ output }) => output)) : new Map<string, number>();
  return { schema: signature.output, labels: labelPlacesOf(decode), tolerance: own ?? DEFAULT_TOLERANCE, most };
}

/** What numbers of output fields may differ by where all that was recorded of them are small. */
function smallNumbersOf(outputs: readonly JsonObject[]): Map<string, number> {
  const largest = new Map<string, number>();
  for (const output of outputs) {
    for (const [field, value] of Object.entries(output)) {
      largest.set(field, Math.max(largest.get(field) ?? 0, largestOf(value)));
    }
  }
  const small = [...largest].filter(([, size]) => size > ZERO && size * SMALL_PART < DEFAULT_TOLERANCE);
  return new Map(small.map(([field, size]) => [field, size * SMALL_PART]));
}

function largestOf(value: JsonValue): number {
  if (isNumeric(value)) return Number.isFinite(Number(value)) ? Math.abs(Number(value)) : 0;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce<number>((size, one) => Math.max(size, largestOf(one)), 0);
}

/**
 * Compares an output row with the one the trainer saw. Fields that `expected` does not name are not compared.
 *
 * @returns undefined when they match, else one sentence that names the field, the expected and the actual value.
 */
export function compareOutput(
  actual: JsonObject,
  expected: JsonObject,
  comparison: OutputComparison,
): string | undefined {
  const { schema } = comparison;
  return compareObjects(actual, expected, comparison, {
    schema: { ...schema, type: 'object' },
    path: '',
    name: '',
    field: undefined,
  });
}

/** Where a comparison is. */
interface Place {
  /** undefined where the signature says nothing of the value. */
  readonly schema: OutputFieldSchema | undefined;
  /** For the sentence: `a.b[1].c`. */
  readonly path: string;
  /** The same without the places in lists: `a.b.c`. */
  readonly name: string;
  /** The output field that it is in. */
  readonly field: string | undefined;
}

function compare(
  actual: JsonValue | undefined,
  expected: JsonValue,
  comparison: OutputComparison,
  place: Place,
): string | undefined {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return mismatchText(place, expected, actual);
    return compareArrays(actual, expected, comparison, place);
  }
  if (isJsonObject(expected)) {
    if (!isJsonObject(actual)) return mismatchText(place, expected, actual);
    return compareObjects(actual, expected, comparison, place);
  }
  const most = comparison.most.get(place.field!);
  return isClose(actual, expected, toleranceAt(comparison, place), most)
    ? undefined
    : mismatchText(place, expected, actual);
}

function compareObjects(
  actual: JsonObject,
  expected: JsonObject,
  comparison: OutputComparison,
  { schema, path, name, field }: Place,
): string | undefined {
  const prefix = path === '' ? '' : '.';
  for (const [key, value] of Object.entries(expected)) {
    const place = {
      schema: memberOf(schema, key),
      path: path + prefix + key,
      name: name + prefix + key,
      field: field ?? key,
    };
    const found = compare(fieldOf(actual, key), value, comparison, place);
    if (found) return found;
  }
  return undefined;
}

function compareArrays(
  actual: readonly JsonValue[],
  expected: readonly JsonValue[],
  comparison: OutputComparison,
  { schema, path, name, field }: Place,
): string | undefined {
  if (actual.length !== expected.length) {
    return `The field "${path}" should have ${expected.length} items and has ${actual.length}: ${toText(actual)}.`;
  }
  for (const [i, value] of expected.entries()) {
    const found = compare(actual[i], value, comparison, { schema: schema?.items, path: `${path}[${i}]`, name, field });
    if (found) return found;
  }
  return undefined;
}

function memberOf(schema: OutputFieldSchema | undefined, name: string): OutputFieldSchema | undefined {
  const { properties = {}, additionalProperties: others } = schema ?? {};
  if (Object.hasOwn(properties, name)) return properties[name];
  return typeof others === 'object' ? others : undefined;
}

/** 0 for all but numbers that are no labels; a value of which the signature says nothing may be such a number. */
function toleranceAt({ labels, tolerance }: OutputComparison, { schema, name }: Place): number {
  if (labels.has(name)) return 0;
  return schema === undefined || outputTypesOf(schema).includes('number') ? tolerance : 0;
}

/** NaN and the infinities travel as null, so null equals them. An absent value equals nothing. */
function isClose(actual: JsonValue | undefined, expected: JsonValue, tolerance: number, most = Infinity): boolean {
  const [a, b] = [finiteOrNull(actual), finiteOrNull(expected)];
  if (memberKey(a) === memberKey(b)) return a !== undefined;
  if (!isNumeric(a) || !isNumeric(b)) return false;
  // Two whole numbers beyond 2^53, which only int64 holds.
  if (typeof a === 'bigint' && typeof b === 'bigint') return false;
  const bound = Math.min(most, tolerance * Math.max(1, Math.abs(Number(b))));
  return tolerance > 0 && Math.abs(Number(a) - Number(b)) <= bound;
}

function finiteOrNull(value: JsonValue | undefined): JsonValue | undefined {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}

function isNumeric(value: JsonValue | undefined): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function mismatchText({ path }: Place, expected: JsonValue, actual: JsonValue | undefined): string {
  return `The field "${path}" should be ${toText(expected)} and is ${toText(actual)}.`;
}

function toText(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
  return truncate(text, MAX_TEXT_LENGTH);
}
