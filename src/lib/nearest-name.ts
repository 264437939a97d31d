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
  let nearest: string | undefined;
  let fewest = Infinity;
  for (const candidate of known) {
    const changes = changesBetween(name, candidate);
    if (changes < fewest) [nearest, fewest] = [candidate, changes];
    if (fewest === 0) break;
  }
  return nearest;
}

/** Whether two different names are so near that one is probably meant as the other. */
export function isNearName(name: string, known: string): boolean {
  return changesBetween(name, known) < Infinity;
}

/** How many changes make one name of the other; 0 for another spelling, Infinity when they are not near. */
function changesBetween(name: string, known: string): number {
  if (Math.max(name.length, known.length) > MAX_LENGTH) return Infinity;
  if (plainForm(name) === plainForm(known)) return 0;
  const most = Math.min(name.length, known.length) <= MAX_SHORT_NAME ? 1 : 2;
  if (Math.abs(name.length - known.length) > most) return Infinity;
  const changes = countChanges(name, known);
  return changes <= most && changes < Math.max(name.length, known.length) ? changes : Infinity;
}

/** The same for capitals and small letters, singular and plural, with separators and without. */
function plainForm(name: string): string {
  const words = name.toUpperCase().split(/[\s._-]+/);
  return words.map((word) => word.replace(/(?<=.)S$/, '')).join('');
}

/** Characters to be added, left out, replaced or swapped with their neighbour to make one name of the other. */
function countChanges(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)]);
  rows[0] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1]![j - 1]! + Number(a[i - 1] !== b[j - 1]);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? rows[i - 2]![j - 2]! + 1 : Infinity;
      rows[i]![j] = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, replaced, swapped);
    }
  }
  return rows[a.length]![b.length]!;
}
