import { isMultiple } from '../../codec/validate/field-rules.js';
import type { FieldSchema } from '../../domain/signature.js';
import type { Note } from './contract-diff.js';
import { SIDES, boundOf, leastOf, stepOf } from './schema-constraints.js';
import type { Bound } from './schema-constraints.js';

/** Notes how the ranges, lengths and steps of two fields differ: a bound that moves outwards lets more values through. */
export function diffBounds(
  who: string,
  served: FieldSchema,
  candidate: FieldSchema,
  pointer: string,
  note: Note,
): void {
  for (const side of SIDES) {
    const [was, is] = [boundOf(served, side), boundOf(candidate, side)];
    const moved = compareBounds(was, is, side.sign);
    if (moved === 0) continue;
    const keyword = (is ?? was)!.keyword;
    const message = `${who}: ${worded(is, side.sign)} now, ${worded(was, side.sign)} before.`;
    note(`${pointer}/${keyword}`, moved > 0 ? 'wider' : 'narrower', message);
  }
  for (const [keyword, sign] of SIZES) {
    const [was, is] = [sizeOf(served, keyword), sizeOf(candidate, keyword)];
    if (was === is) continue;
    const isWider = is === undefined || (was !== undefined && (was - is) * sign > 0);
    const message = `${who}: ${keyword} ${is ?? 'none'} now, ${was ?? 'none'} before.`;
    note(`${pointer}/${keyword}`, isWider ? 'wider' : 'narrower', message);
  }
  diffStep(who, served, candidate, `${pointer}/multipleOf`, note);
}

/** 1 where a smaller value lets more through. */
const SIZES = [
  ['minLength', 1],
  ['maxLength', -1],
  ['minItems', 1],
  ['maxItems', -1],
] as const;

function sizeOf(schema: FieldSchema, keyword: (typeof SIZES)[number][0]): number | undefined {
  return keyword === 'minLength' || keyword === 'minItems' ? leastOf(schema, keyword) : schema[keyword];
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

function diffStep(who: string, served: FieldSchema, candidate: FieldSchema, pointer: string, note: Note): void {
  // Where neither says a step, the types say it all.
  if (served.multipleOf === undefined && candidate.multipleOf === undefined) return;
  const [was, is] = [stepOf(served), stepOf(candidate)];
  if (was === is) return;
  const message = `${who}: multiples of ${is ?? 'anything'} now, of ${was ?? 'anything'} before.`;
  if (is === undefined) note(pointer, 'wider', message);
  else if (was === undefined) note(pointer, 'narrower', message);
  else note(pointer, isMultiple(was, is) ? 'wider' : isMultiple(is, was) ? 'narrower' : 'other', message);
}
