import { isJsonObject } from '../lib/json.js';
import type { JsonObject, JsonValue } from '../lib/json.js';
import type { Run } from '../domain/run.js';
import { fieldOf } from './rows.js';

/** How far a replayed number may lie from the trainer's unless the run says. */
const DEFAULT_TOLERANCE = 1e-4;
/** Characters of a value shown in a sentence. */
const MAX_TEXT_LENGTH = 80;

/** How far a run's replayed numbers may lie from the trainer's. */
export function toleranceOf({ self_test: selfTest }: Pick<Run, 'self_test'>): number {
  return selfTest?.tolerance ?? DEFAULT_TOLERANCE;
}

/**
 * Compares an output row with the one the trainer saw. Fields that `expected` does not name are not compared.
 *
 * @param tolerance  numbers may differ by `tolerance * max(1, |expected|)`.
 * @returns undefined when they match, else one sentence that names the field, the expected and the actual value.
 */
export function compareOutput(actual: JsonObject, expected: JsonObject, tolerance: number): string | undefined {
  return compareObjects(actual, expected, tolerance, '');
}

function compare(
  actual: JsonValue | undefined,
  expected: JsonValue,
  tolerance: number,
  path: string,
): string | undefined {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return mismatchText(path, expected, actual);
    return compareArrays(actual, expected, tolerance, path);
  }
  if (isJsonObject(expected)) {
    if (!isJsonObject(actual)) return mismatchText(path, expected, actual);
    return compareObjects(actual, expected, tolerance, `${path}.`);
  }
  return isClose(actual, expected, tolerance) ? undefined : mismatchText(path, expected, actual);
}

function compareObjects(
  actual: JsonObject,
  expected: JsonObject,
  tolerance: number,
  prefix: string,
): string | undefined {
  for (const [name, value] of Object.entries(expected)) {
    const found = compare(fieldOf(actual, name), value, tolerance, prefix + name);
    if (found) return found;
  }
  return undefined;
}

function compareArrays(
  actual: readonly JsonValue[],
  expected: readonly JsonValue[],
  tolerance: number,
  path: string,
): string | undefined {
  if (actual.length !== expected.length) {
    return `The field "${path}" should have ${expected.length} items and has ${actual.length}: ${toText(actual)}.`;
  }
  for (const [i, value] of expected.entries()) {
    const found = compare(actual[i], value, tolerance, `${path}[${i}]`);
    if (found) return found;
  }
  return undefined;
}

/** NaN and the infinities travel as null, so null equals them. An absent value equals nothing. */
function isClose(actual: JsonValue | undefined, expected: JsonValue, tolerance: number): boolean {
  const [a, b] = [finiteOrNull(actual), finiteOrNull(expected)];
  if (a === b) return a !== undefined;
  if (!isNumeric(a) || !isNumeric(b)) return false;
  if (typeof a === 'bigint' && typeof b === 'bigint' && tolerance === 0) return false;
  return Math.abs(Number(a) - Number(b)) <= tolerance * Math.max(1, Math.abs(Number(b)));
}

function finiteOrNull(value: JsonValue | undefined): JsonValue | undefined {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}

function isNumeric(value: JsonValue | undefined): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function mismatchText(path: string, expected: JsonValue, actual: JsonValue | undefined): string {
  return `The field "${path}" should be ${toText(expected)} and is ${toText(actual)}.`;
}

function toText(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text;
}
