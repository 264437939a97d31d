import { isJsonObject } from '../../lib/json.js';
import type { JsonObject } from '../../lib/json.js';
import type { Run } from '../../domain/run.js';
import { reason } from '../../domain/verdict.js';
import type { VerdictReason } from '../../domain/verdict.js';

/** Names of metrics that a sentence lists. */
const LISTED_METRICS = 10;

/** The verdict on a run without the metric of the policy: what it has, and which of it is probably meant. */
export function metricMissing({ metrics, performance }: Run, wanted: string): VerdictReason {
  const logged = Object.keys(metrics);
  const names = logged.slice(0, LISTED_METRICS).join(', ') + (logged.length > LISTED_METRICS ? ', …' : '');
  const message = `The run has no metric "${wanted}". It has: ${names || 'none'}.`;
  const similar = logged.find((name) => isSimilar(name, wanted));
  if (similar !== undefined) {
    const fix = `Log "${similar}" as "${wanted}", or let card.json select by "${similar}".`;
    return reason('METRIC_MISSING', `${message} Is "${similar}" meant?`, fix);
  }
  const reported = findNumber(performance, wanted, 'performance');
  if (!reported) return reason('METRIC_MISSING', message);
  const { path, value } = reported;
  return reason(
    'METRIC_MISSING',
    `${message} ${path} is ${value}, but only metrics count.`,
    `Log ${path} as the metric "${wanted}" too.`,
  );
}

/** Whether one name has all words of the other: `F1`, `f1_score` and `val/f1` for `f1`. */
function isSimilar(name: string, wanted: string): boolean {
  const [a, b] = [wordsOf(name), wordsOf(wanted)];
  const [fewer, more] = a.length < b.length ? [a, b] : [b, a];
  return fewer.length > 0 && fewer.every((word) => more.includes(word));
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
