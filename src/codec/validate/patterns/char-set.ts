/** Code points as ranges, both ends included, in order and apart from each other. */
export type CharSet = readonly (readonly [from: number, to: number])[];

const LAST = 0x10ffff;

export const ANY: CharSet = [[0, LAST]];

/** Ranges in any order, which may overlap, as a set. */
export function charSet(ranges: CharSet): CharSet {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = joined.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

/** Everything else. */
export function invert(set: CharSet): CharSet {
  const missing: [number, number][] = [];
  let next = 0;
  for (const [from, to] of set) {
    if (from > next) missing.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= LAST) missing.push([next, LAST]);
  return missing;
}

/** Whether two sets share a code point. */
export function overlap(a: CharSet, b: CharSet): boolean {
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [x, y] = [a[i]!, b[j]!];
    if (x[0] <= y[1] && y[0] <= x[1]) return true;
    if (x[1] < y[1]) i++;
    else j++;
  }
  return false;
}

/** The code points that an expression of one character matches. */
export function charSetOf(expression: RegExp): CharSet {
  const ranges: [number, number][] = [];
  for (let code = 0; code <= LAST; code++) {
    if (!expression.test(String.fromCodePoint(code))) continue;
    const last = ranges.at(-1);
    if (last && last[1] === code - 1) last[1] = code;
    else ranges.push([code, code]);
  }
  return ranges;
}
