/** Names up to this length may differ in one character, longer ones in two: `HOME` is not `HOST`. */
const MAX_SHORT_NAME = 6;
/** Longer names are compared with none: the time grows with the square of the length. */
const MAX_LENGTH = 64;

/**
 * The known name that an unknown one probably means: another case, singular for plural, another separator, or a letter or
 * two too many, too few, wrong or swapped.
 *
 * @returns undefined when none is near.
 */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  if (name.length > MAX_LENGTH) return undefined;
  const plain = plainForm(name);
  let nearest: string | undefined;
  let min = Infinity;
  for (const candidate of known) {
    const changes = changesBetween(name, candidate, plain);
    if (changes < min) [nearest, min] = [candidate, changes];
    if (min === 0) break;
  }
  return nearest;
}

/** Whether two different names are so near that one is probably meant as the other. */
export function isSimilarName(name: string, known: string): boolean {
  return changesBetween(name, known, plainForm(name)) < Infinity;
}

/** How many changes make one name of the other; 0 for another spelling, Infinity when they are not near. */
function changesBetween(name: string, known: string, plain: string): number {
  if (Math.max(name.length, known.length) > MAX_LENGTH) return Infinity;
  if (plain === plainForm(known)) return 0;
  const most = Math.min(name.length, known.length) <= MAX_SHORT_NAME ? 1 : 2;
  if (Math.abs(name.length - known.length) > most) return Infinity;
  const changes = countChanges(name, known, most);
  return changes <= most && changes < Math.max(name.length, known.length) ? changes : Infinity;
}

/** The same for capitals and small letters, singular and plural, with separators and without. */
function plainForm(name: string): string {
  const words = name.toUpperCase().split(/[\s._-]+/);
  return words.map((word) => word.replace(/(?<=.)S$/, '')).join('');
}

/**
 * Characters to be added, left out, replaced or swapped with their neighbour to make one name of the other; a larger number
 * than `most` where it takes more. Compares only characters whose places differ by no more than that.
 */
function countChanges(a: string, b: string, most: number): number {
  let [before, row] = [new Array<number>(), Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const next = new Array<number>(b.length + 1).fill(Infinity);
    next[0] = i;
    for (let j = Math.max(1, i - most); j <= Math.min(b.length, i + most); j++) {
      const replaced = row[j - 1]! + Number(a[i - 1] !== b[j - 1]);
      const isExchange = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const reversed = isExchange ? before[j - 2]! + 1 : Infinity;
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, replaced, reversed);
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
