import type { FieldSchema } from '../domain/signature.js';
import type { Note } from './contract-diff.js';

/** The end of a range, and whether the value itself is outside. */
interface Bound {
  readonly value: number;
  readonly isExclusive: boolean;
  readonly keyword: keyof FieldSchema;
}

/** Notes how the ranges, lengths and steps of two fields differ: a bound that moves outwards lets more values through. */
export function diffBounds(
  who: string,
  served: FieldSchema,
  candidate: FieldSchema,
  pointer: string,
  note: Note,
): void {
  for (const [side, sign] of SIDES) {
    const [was, is] = [boundOf(served, side, sign), boundOf(candidate, side, sign)];
    const moved = compareBounds(was, is, sign);
    if (moved === 0) continue;
    const keyword = (is ?? was)!.keyword;
    const message = `${who}: ${worded(is, sign)} now, ${worded(was, sign)} before.`;
    note(`${pointer}/${keyword}`, moved > 0 ? 'wider' : 'narrower', message);
  }
  for (const [keyword, sign] of SIZES) {
    const [was, is] = [served[keyword], candidate[keyword]];
    if (was === is) continue;
    const isWider = is === undefined || (was !== undefined && (was - is) * sign > 0);
    const message = `${who}: ${keyword} ${is ?? 'none'} now, ${was ?? 'none'} before.`;
    note(`${pointer}/${keyword}`, isWider ? 'wider' : 'narrower', message);
  }
  diffStep(who, served.multipleOf, candidate.multipleOf, `${pointer}/multipleOf`, note);
}

/** 1 where a smaller value lets more through. */
const SIDES = [
  [['minimum', 'exclusiveMinimum'], 1],
  [['maximum', 'exclusiveMaximum'], -1],
] as const;
const SIZES = [
  ['minLength', 1],
  ['maxLength', -1],
  ['minItems', 1],
  ['maxItems', -1],
] as const;

/** The stricter of the two keywords of a side; undefined when the side is open. */
function boundOf(schema: FieldSchema, [loose, strict]: (typeof SIDES)[number][0], sign: 1 | -1): Bound | undefined {
  const [a, b] = [schema[loose], schema[strict]];
  if (b !== undefined && (a === undefined || (b - a) * sign >= 0)) {
    return { value: b, isExclusive: true, keyword: strict };
  }
  return a === undefined ? undefined : { value: a, isExclusive: false, keyword: loose };
}

/** @returns positive when the bound moved outwards, negative when inwards, 0 when it stayed. */
function compareBounds(was: Bound | undefined, is: Bound | undefined, sign: 1 | -1): number {
  if (!was || !is) return Number(was !== undefined) - Number(is !== undefined);
  return (was.value - is.value) * sign || Number(was.isExclusive) - Number(is.isExclusive);
}

function worded(bound: Bound | undefined, sign: 1 | -1): string {
  if (!bound) return sign > 0 ? 'no minimum' : 'no maximum';
  const { value, isExclusive } = bound;
  if (isExclusive) return `${sign > 0 ? 'above' : 'below'} ${value}`;
  return `at ${sign > 0 ? 'least' : 'most'} ${value}`;
}

function diffStep(who: string, was: number | undefined, is: number | undefined, pointer: string, note: Note): void {
  if (was === is) return;
  const message = `${who}: multiples of ${is ?? 'anything'} now, of ${was ?? 'anything'} before.`;
  if (is === undefined) note(pointer, 'wider', message);
  else if (was === undefined) note(pointer, 'narrower', message);
  else note(pointer, was % is === 0 ? 'wider' : is % was === 0 ? 'narrower' : 'other', message);
}
