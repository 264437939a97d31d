import { valueAt } from '../lib/property-path.js';
import type { JsonValue } from '../lib/json/json.js';
import { ValidationError } from '../domain/validation-issue.js';
import type { RegisteredRun } from '../registry/state/registered-run.js';

const SORT = /^-?(rank|run_id|name|status|started_at|ended_at|metrics\..+|params\..+)$/;

/**
 * Runs in the asked order; those without the value come last, equals keep their place.
 *
 * @param sort  a field, with a minus in front to reverse; undefined keeps the order by rank.
 * @throws ValidationError for a field that runs cannot be sorted by.
 */
export function sortRuns(runs: readonly RegisteredRun[], sort: string | undefined): readonly RegisteredRun[] {
  if (sort === undefined || sort === 'rank') return runs;
  if (!SORT.test(sort)) throw new ValidationError([sortIssue()]);
  const isReversed = sort.startsWith('-');
  const field = isReversed ? sort.slice(1) : sort;
  const sign = isReversed ? -1 : 1;
  return runs
    .map((registered) => ({ registered, key: sortKey(registered, field) }))
    .sort((a, b) => compareKeys(a.key, b.key, sign))
    .map(({ registered }) => registered);
}

type Key = string | number | undefined;

function sortKey({ run, rank }: RegisteredRun, field: string): Key {
  if (field === 'rank') return rank;
  const value = valueAt(run as unknown as JsonValue, field);
  if (typeof value === 'number') return Number.isNaN(value) ? undefined : value;
  if (typeof value === 'object') return value === null ? undefined : JSON.stringify(value);
  return value === undefined ? undefined : String(value);
}

function compareKeys(a: Key, b: Key, sign: number): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  // Numbers before texts, should a parameter be both.
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -sign : Number(a > b) * sign;
}

function sortIssue() {
  const pattern = SORT.source;
  return {
    loc: ['query', 'sort'],
    msg: `string does not match regex "${pattern}"`,
    type: 'value_error.str.regex',
    ctx: { pattern },
  };
}
