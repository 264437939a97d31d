import { VARIABLE_RULES, secretFileVariables } from './variable-rules.js';
import './environment.dto.js';

/** A variable that nobody reads, and the one that is probably meant. */
interface MisspeltVariable {
  readonly name: string;
  readonly meant: string;
}

/** Names up to this length may differ in one character, longer ones in two: `HOME` is not `HOST`. */
const MAX_SHORT_NAME = 6;

/**
 * Variables of the environment that are not bestrun's, but nearly: a plural, a missing underscore or unit, another case, a
 * letter too many. Their values are not looked at.
 */
export function findMisspeltVariables(environment: NodeJS.ProcessEnv): MisspeltVariable[] {
  const known = [...VARIABLE_RULES.keys(), ...secretFileVariables().keys()];
  return Object.keys(environment).flatMap((name) => {
    const meant = known.includes(name) ? undefined : known.find((one) => isNearMiss(name, one));
    return meant === undefined ? [] : [{ name, meant }];
  });
}

function isNearMiss(name: string, known: string): boolean {
  if (plainForm(name) === plainForm(known)) return true;
  const isWithoutUnit = name.includes('_') && /^_(MS|BYTES)$/.test(known.slice(name.length)) && known.startsWith(name);
  if (isWithoutUnit) return true;
  const mostChanges = Math.min(name.length, known.length) <= MAX_SHORT_NAME ? 1 : 2;
  return Math.abs(name.length - known.length) <= mostChanges && countChanges(name, known) <= mostChanges;
}

/** The same for capitals and small letters, singular and plural, with underscores and without. */
function plainForm(name: string): string {
  const words = name.toUpperCase().split(/[_-]/);
  return words.map((word) => word.replace(/S$/, '')).join('');
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
