import { nearestName } from '../../lib/nearest-name.js';
import { isJsonObject } from '../../lib/json/json.js';
import type { JsonObject } from '../../lib/json/json.js';
import type { Run } from '../../domain/run.js';
import { reason } from '../../domain/verdict.js';
import type { VerdictReason } from '../../domain/verdict.js';

/** Among shorter names a letter makes another metric: `mae` is not `mse`. */
const MIN_MISSPELT_LENGTH = 5;

/** Shorter beginnings of names are no shorter names of metrics. */
const MIN_SHORT_LENGTH = 2;

/** Names of metrics that a sentence lists. */
const MAX_METRIC_NAMES = 10;

/** The verdict on a run without the metric of the policy: what it has, and which of it is probably meant. */
export function metricMissing({ metrics, performance }: Run, requested: string): VerdictReason {
  const logged = Object.keys(metrics);
  const names = logged.slice(0, MAX_METRIC_NAMES).join(', ') + (logged.length > MAX_METRIC_NAMES ? ', …' : '');
  const message = `The run has no metric "${requested}". It has: ${names || 'none'}.`;
  const similar =
    logged.find((name) => isSimilar(name, requested)) ??
    (requested.length >= MIN_MISSPELT_LENGTH ? nearestName(requested, logged) : undefined) ??
    logged.find((name) => isShortened(name, requested));
  if (similar !== undefined) {
    const fix = `Log "${similar}" as "${requested}", or select by "${similar}" (card.json; MLflow: the tag bestrun.metric).`;
    return reason('METRIC_MISSING', `${message} Is "${similar}" meant?`, fix);
  }
  const inReport = findNumber(performance, requested, 'performance');
  if (!inReport) return reason('METRIC_MISSING', message);
  const { path, value } = inReport;
  return reason(
    'METRIC_MISSING',
    `${message} ${path} is ${value}, but only metrics count.`,
    `Log ${path} as the metric "${requested}" too.`,
  );
}

/** Whether one name has all words of the other: `F1`, `f1_score` and `val/f1` for `f1`. */
function isSimilar(name: string, requested: string): boolean {
  const [a, b] = [wordsOf(name), wordsOf(requested)];
  const [fewer, more] = a.length < b.length ? [a, b] : [b, a];
  return fewer.length > 0 && fewer.every((word) => more.includes(word));
}

/** Whether one name is the beginning of the other: `acc` of `accuracy`. */
function isShortened(name: string, requested: string): boolean {
  const [a, b] = [name.toLowerCase(), requested.toLowerCase()];
  return Math.min(a.length, b.length) >= MIN_SHORT_LENGTH && (a.startsWith(b) || b.startsWith(a));
}

function wordsOf(name: string): string[] {
  const separated = name.replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2');
  return separated.toLowerCase().match(/[\p{L}\d]+/gu) ?? [];
}

/** The number of that name at the top of a report or in its `overall`: those of a class or a slice say something else. */
function findNumber(report: JsonObject, name: string, path: string): { path: string; value: number } | undefined {
  for (const [key, value] of Object.entries(report)) {
    if (typeof value === 'number' && isSimilar(key, name)) return { path: `${path}.${key}`, value };
  }
  const overall = report.overall;
  return isJsonObject(overall) ? findNumber(overall, name, `${path}.overall`) : undefined;
}
