import type { FieldSchema, RowSchema } from '../domain/signature.js';

/** Most that a body may hold of something. */
export interface Bound {
  /** Whatever the number of rows. */
  readonly base: number;
  /** Infinity where it has no end. */
  readonly perRow: number;
}

/** What a body may hold, by the contract of its rows. It tells how much there is to be made of one before anything is. */
export interface ValueBounds {
  /** Marks: `[`, `{`, `:` and `,`. */
  readonly marks: Bound;
  /** Members of objects. */
  readonly members: Bound;
}

/** Marks and members of a body that take no time worth saving. */
const BASE_MARKS = 100_000;
const BASE_MEMBERS = 50_000;
/** How many times the marks of its fields a row may have: who repeats a field sends it twice. */
const FACTOR = 2;
/** Members that a row may have beside its fields, where those that nobody reads are ignored; each has two marks. */
const OTHER_MEMBERS = 500;

/** What the fields of a row hold at most. */
interface FieldsSize {
  readonly marks: number;
  readonly members: number;
}

const sizes = new WeakMap<RowSchema, FieldsSize>();

/**
 * The bounds of bodies for some run of several, or for one. No body comes near them whose rows have the fields of one of
 * these runs, and no more than five hundred others, whether rows are objects or lists in the order of columns.
 *
 * @param inputs  of the runs.
 * @param mayHaveOthers  whether members that nobody reads are ignored whatever a schema says.
 * @returns undefined without runs.
 */
export function valueBoundsOf(inputs: Iterable<RowSchema>, mayHaveOthers: boolean): ValueBounds | undefined {
  let [marks, members] = [0, 0];
  for (const input of inputs) {
    const size = sizeOf(input);
    const others = mayHaveOthers || (input.additionalProperties ?? true) ? OTHER_MEMBERS : 0;
    marks = Math.max(marks, FACTOR * (2 + size.marks) + 2 * others);
    members = Math.max(members, FACTOR * size.members + others);
  }
  if (marks === 0) return undefined;
  return { marks: { base: BASE_MARKS, perRow: marks }, members: { base: BASE_MEMBERS, perRow: members } };
}

function sizeOf(input: RowSchema): FieldsSize {
  const known = sizes.get(input);
  if (known) return known;
  const fields = Object.values(input.properties);
  const size = { marks: fields.reduce((marks, field) => marks + 2 + marksIn(field), 0), members: fields.length };
  sizes.set(input, size);
  return size;
}

/** Most marks inside a value: none in a scalar; a list has its bracket, and before each item a comma. */
function marksIn({ type, items, maxItems = Infinity }: FieldSchema): number {
  const isList = type === 'array' || (Array.isArray(type) && type.includes('array'));
  if (!isList) return 0;
  return maxItems === 0 ? 1 : 1 + maxItems * (1 + (items ? marksIn(items) : 0));
}
