import { fieldOf } from '../../../codec/rows.js';
import { isNullable, typeOf } from '../../../codec/validate/schema-check.js';
import type { Run } from '../../../domain/run.js';
import type { FieldSchema } from '../../../domain/signature.js';
import type { JsonObject, JsonValue } from '../../../lib/json/json.js';
import { gridOf } from './number-grid.js';
import type { NumberGrid } from './number-grid.js';

/** A row that the contract allows and no example shows: the run's first example with one field at its limit. */
export interface Corner {
  readonly field: string;
  readonly row: JsonObject;
  /** What the contract says of the field, and what was tried; the first half of a sentence. */
  readonly claim: string;
  /** What the owner can do; a sentence. */
  readonly advice: string;
  /** Where a number is at its limit: which limit, the number tried, and that of the example. */
  readonly limit?: NumberLimit;
}

/** A number at the upper or lower end of what the contract allows. */
export interface NumberLimit {
  readonly keyword: 'maximum' | 'minimum';
  readonly tried: number;
  readonly known: number;
  readonly grid: NumberGrid;
  /** The row with another number. */
  readonly rowWith: (value: number) => JsonObject;
}

/** Tried where a number has no limit: what an int32 holds, as many ids do. */
const LARGEST = 2 ** 31 - 1;
const LEAST = -(2 ** 31);
/** Numbers up to this one are tried with every model: as a size they do no harm. */
const SAFE = 10_000;
const UNKNOWN_TEXT = 'a text that was never seen';
/** Most corners of one run. */
const MAX_CORNERS = 128;

/**
 * The corners of a run's contract: limits of numbers, null, fields left out, and texts that were never seen.
 *
 * @param hasLargeNumbers  whether large numbers may be tried: not on a model that computes more the larger they are.
 */
export function cornersOf(run: Run, hasLargeNumbers: boolean): Corner[] {
  const { signature, examples } = run;
  const [example] = examples;
  if (!example) return [];
  const { properties, required = [], oneOf = [] } = signature.input;
  // Without a field that chooses an alternative, or with one of another alternative, a row is refused.
  const choices = new Set(oneOf.flatMap((alternative) => alternative.required));
  const isRequired = new Set([...required, ...choices]);
  const corners: Corner[] = [];
  for (const [field, schema] of Object.entries(properties)) {
    // Each corner is a copy of the row, which may have thousands of fields.
    if (corners.length >= MAX_CORNERS) break;
    if (choices.has(field) && !Object.hasOwn(example.input, field)) continue;
    corners.push(
      ...missingCorners(field, schema, example.input, isRequired.has(field)),
      ...textCorners(field, schema, example.input),
      ...numberCorners(run, field, schema, example.input).filter(
        ({ limit }) => hasLargeNumbers || Math.abs(limit!.tried) <= SAFE,
      ),
    );
  }
  return corners.slice(0, MAX_CORNERS);
}

function missingCorners(field: string, schema: FieldSchema, row: JsonObject, isRequired: boolean): Corner[] {
  const corners: Corner[] = [];
  if (isNullable(schema) && fieldOf(row, field) !== null) {
    const advice = 'Make it a value that is never null, or give it a default.';
    corners.push({ field, row: { ...row, [field]: null }, claim: `"${field}" may be null`, advice });
  }
  if (!isRequired && Object.hasOwn(row, field)) {
    const { [field]: _left, ...rest } = row;
    const advice = 'Make it required, or give it another default.';
    corners.push({ field, row: rest, claim: `"${field}" may be left out`, advice });
  }
  return corners;
}

function textCorners(field: string, schema: FieldSchema, row: JsonObject): Corner[] {
  const { enum: members, pattern, format, minLength = 0, maxLength = UNKNOWN_TEXT.length } = schema;
  if (typeOf(schema) !== 'string' || members || pattern !== undefined || format) return [];
  const text = UNKNOWN_TEXT.padEnd(minLength, '.').slice(0, maxLength);
  const claim = `"${field}" may be any text, also one that was never seen`;
  return [{ field, row: { ...row, [field]: text }, claim, advice: 'Give it an enum.' }];
}

function numberCorners(run: Run, field: string, schema: FieldSchema, row: JsonObject): Corner[] {
  const scalar = scalarSchema(schema);
  const grid = gridOf(run, field, scalar);
  const known = firstNumber(fieldOf(row, field));
  if (known === undefined || scalar.enum || !['integer', 'number'].includes(typeOf(scalar))) return [];
  const rowWith = (value: number): JsonObject => ({ ...row, [field]: withFirst(fieldOf(row, field)!, value) });
  const name = schema === scalar ? `"${field}"` : `A number of "${field}"`;
  return (['maximum', 'minimum'] as const).flatMap((keyword): Corner[] => {
    const { tried, isOpen } = limitOf(scalar, keyword, grid);
    if (keyword === 'maximum' ? tried <= known : tried >= known) return [];
    const side = keyword === 'maximum' ? 'above' : 'below';
    const claim = isOpen ? `${name} is open ${side}` : `${name} may be ${tried}`;
    const limit = { keyword, tried, known, grid, rowWith };
    return [{ field, row: rowWith(tried), claim, advice: `Set a "${keyword}".`, limit }];
  });
}

/** The schema of the numbers in an array, however deep; of any other field its own. */
function scalarSchema(schema: FieldSchema): FieldSchema {
  return schema.items ? scalarSchema(schema.items) : schema;
}

function limitOf(
  schema: FieldSchema,
  keyword: 'maximum' | 'minimum',
  grid: NumberGrid,
): { tried: number; isOpen: boolean } {
  const isMaximum = keyword === 'maximum';
  const multipleOf = Number(schema.multipleOf ?? 1);
  const inclusive = isMaximum ? schema.maximum : schema.minimum;
  const exclusive = isMaximum ? schema.exclusiveMaximum : schema.exclusiveMinimum;
  const nextTo =
    exclusive === undefined
      ? undefined
      : isMaximum
        ? Math.ceil(Number(exclusive)) - 1
        : Math.floor(Number(exclusive)) + 1;
  // Limits with more digits than a number holds were read as bigint.
  const given = [inclusive, nextTo].filter((value) => value !== undefined).map(Number);
  const open = openEnd(isMaximum, multipleOf, grid);
  if (given.length === 0) return { tried: open, isOpen: true };
  return { tried: isMaximum ? Math.min(...given) : Math.max(...given), isOpen: false };
}

/** What is tried where there is no limit: a number that the tensor holds. */
function openEnd(isMaximum: boolean, multipleOf: number, { start, step, least, largest }: NumberGrid): number {
  const end = isMaximum ? Math.min(LARGEST, largest) : Math.max(LEAST, least);
  if (step === undefined) return Math.trunc(end / multipleOf) * multipleOf;
  return start + Math.trunc((end - start) / step) * step;
}

/** The first number of a value or of lists in it, where it is one that can be counted from. */
function firstNumber(value: JsonValue | undefined): number | undefined {
  if (Array.isArray(value)) return firstNumber(value[0]);
  return typeof value === 'number' && Number.isSafeInteger(Math.trunc(value)) ? value : undefined;
}

function withFirst(value: JsonValue, first: number): JsonValue {
  return Array.isArray(value) ? [withFirst(value[0]!, first), ...value.slice(1)] : first;
}
