import { isMultiple } from '../../codec/validate/field-rules.js';
import type { OutputFieldSchema } from '../../domain/signature.js';
import type { AddDifference } from './contract-diff.js';
import { BOUND_TYPES, boundOf, leastOf, stepOf } from './schema-constraints.js';
import type { Bound } from './schema-constraints.js';

/** Adds the differences in range, length and step of two fields: a bound that moves outwards accepts more values. */
export function diffBounds(
  subject: string,
  current: OutputFieldSchema,
  candidate: OutputFieldSchema,
  pointer: string,
  add: AddDifference,
): void {
  for (const side of BOUND_TYPES) {
    const [was, is] = [boundOf(current, side), boundOf(candidate, side)];
    const change = compareBounds(was, is, side.sign);
    if (change === 0) continue;
    const keyword = (is ?? was)!.keyword;
    const message = `${subject}: ${boundText(is, side.sign)} now, ${boundText(was, side.sign)} before.`;
    add(`${pointer}/${keyword}`, change > 0 ? 'wider' : 'narrower', message);
  }
  for (const [keyword, sign] of SIZES) {
    const [was, is] = [sizeOf(current, keyword), sizeOf(candidate, keyword)];
    if (was === is) continue;
    const isLessStrict = is === undefined || (was !== undefined && (was - is) * sign > 0);
    const message = `${subject}: ${keyword} ${is ?? 'none'} now, ${was ?? 'none'} before.`;
    add(`${pointer}/${keyword}`, isLessStrict ? 'wider' : 'narrower', message);
  }
  diffStep(subject, current, candidate, `${pointer}/multipleOf`, add);
}

/** 1 where a smaller value lets more through. */
const SIZES = [
  ['minLength', 1],
  ['maxLength', -1],
  ['minItems', 1],
  ['maxItems', -1],
] as const;

function sizeOf(schema: OutputFieldSchema, keyword: (typeof SIZES)[number][0]): number | undefined {
  return keyword === 'minLength' || keyword === 'minItems' ? leastOf(schema, keyword) : schema[keyword];
}

/** @returns positive when the bound moved outwards, negative when inwards, 0 when it stayed. */
function compareBounds(was: Bound | undefined, is: Bound | undefined, sign: 1 | -1): number {
  if (!was || !is) return Number(was !== undefined) - Number(is !== undefined);
  return (was.value - is.value) * sign || Number(was.isExclusive) - Number(is.isExclusive);
}

function boundText(bound: Bound | undefined, sign: 1 | -1): string {
  if (!bound) return sign > 0 ? 'no minimum' : 'no maximum';
  const { value, isExclusive } = bound;
  if (isExclusive) return `${sign > 0 ? 'above' : 'below'} ${value}`;
  return `at ${sign > 0 ? 'least' : 'most'} ${value}`;
}

function diffStep(
  subject: string,
  current: OutputFieldSchema,
  candidate: OutputFieldSchema,
  pointer: string,
  add: AddDifference,
): void {
  // Where neither says a step, the types say it all.
  if (current.multipleOf === undefined && candidate.multipleOf === undefined) return;
  const [was, is] = [stepOf(current), stepOf(candidate)];
  if (was === is) return;
  const message = `${subject}: multiples of ${is ?? 'anything'} now, of ${was ?? 'anything'} before.`;
  if (is === undefined) add(pointer, 'wider', message);
  else if (was === undefined) add(pointer, 'narrower', message);
  else add(pointer, isMultiple(was, is) ? 'wider' : isMultiple(is, was) ? 'narrower' : 'other', message);
}
