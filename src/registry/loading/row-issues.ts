import type { Location, ValidationIssue } from '../../domain/validation-issue.js';
import { MAX_ISSUES } from '../../domain/validation-issue.js';
import type { JsonObject } from '../../lib/json/json.js';

/**
 * The texts of a row of which something else is wrong, so that those can be looked at, too.
 *
 * @param loc  where the row sits in the request.
 * @param known  what is wrong with the rows of the request.
 * @returns nothing of a value that is no row.
 */
export function validTexts(value: unknown, loc: Location, known: readonly ValidationIssue[]): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  const wrong = new Set(known.filter((issue) => isInside(issue.loc, loc)).map((issue) => issue.loc[loc.length]));
  const entries = Object.entries(value instanceof Map ? (Object.fromEntries(value) as object) : value);
  const texts = entries.filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && !wrong.has(entry[0]),
  );
  return Object.fromEntries(texts);
}

/** The first issues of a request in the order of its rows. */
export function inOrder(issues: readonly ValidationIssue[]): ValidationIssue[] {
  return [...issues].sort((one, other) => compare(one.loc, other.loc)).slice(0, MAX_ISSUES);
}

function isInside(loc: Location, outer: Location): boolean {
  return outer.every((part, i) => part === loc[i]);
}

/** By the first index in which they differ; issues of one row stay as they are. */
function compare(one: Location, other: Location): number {
  for (const [i, part] of one.entries()) {
    const counterpart = other[i];
    if (part === counterpart) continue;
    return typeof part === 'number' && typeof counterpart === 'number' ? part - counterpart : 0;
  }
  return 0;
}
