import type { FieldSchema, RowSchema } from '../domain/signature.js';

/**
 * Most marks (`[`, `{`, `:` and `,`) that a body for one run may have. They tell how much there is to be made of it
 * before anything is.
 */
export interface ValueBounds {
  /** Whatever the number of rows. */
  readonly base: number;
  readonly perRow: number;
}

/** Marks of a body that take no time worth saving. */
const BASE_MARKS = 100_000;
/** How many times the marks of its fields a row may have: who repeats a field sends it twice. */
const FACTOR = 2;
/** Marks that a row may have beside its fields, where members that nobody reads are ignored. */
const MARKS_FOR_OTHERS = 1_000;

/**
 * The bounds of bodies for a run. No row that has the fields of the run, and no more than five hundred others, comes near
 * them, whether rows are objects or lists in the order of columns.
 *
 * @returns undefined where a list in a row may be of any length.
 */
export function valueBoundsOf({ properties, additionalProperties = true }: RowSchema): ValueBounds | undefined {
  const fields = Object.values(properties).reduce((marks, field) => marks + 2 + marksIn(field), 0);
  if (!Number.isFinite(fields)) return undefined;
  return { base: BASE_MARKS, perRow: FACTOR * (2 + fields) + (additionalProperties ? MARKS_FOR_OTHERS : 0) };
}

/** Most marks inside a value: none in a scalar; a list has its bracket, and before each item a comma. */
function marksIn({ type, items, maxItems = Infinity }: FieldSchema): number {
  const isList = type === 'array' || (Array.isArray(type) && type.includes('array'));
  return isList ? 1 + maxItems * (1 + (items ? marksIn(items) : 0)) : 0;
}
