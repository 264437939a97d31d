import { AppError } from '../domain/app-error.js';
import { lastObjectAt, valueAt } from '../lib/property-path.js';
import type { JsonObject, JsonValue } from '../lib/json/json.js';
import type { Run } from '../domain/run.js';
import { truncate } from '../lib/truncate.js';

/**
 * A run's report, or the part at a dotted path, under the path's own name.
 *
 * @throws AppError PERFORMANCE_NOT_FOUND that says what is there.
 */
export function performanceOf(run: Run, filter = ''): JsonObject {
  if (filter === '') return { performance: run.performance };
  const found = valueAt(run.performance, filter);
  if (found !== undefined) return ownField(filter, found);
  const { path, keys } = lastObjectAt(run.performance, filter);
  const known = `${path ? `"${path}"` : 'It'} has: ${listNames(keys)}.`;
  throw new AppError('PERFORMANCE_NOT_FOUND', { filter: truncate(filter), known });
}

/** @throws AppError PARAM_NOT_FOUND that lists the parameters. */
export function paramOf(run: Run, param: string): JsonObject {
  if (Object.hasOwn(run.params, param)) return ownField(param, run.params[param]!);
  throw new AppError('PARAM_NOT_FOUND', { param: truncate(param), known: listNames(Object.keys(run.params)) });
}

/**
 * The last value of a metric; NaN where the trainer had no number.
 *
 * @throws AppError METRIC_NOT_FOUND that lists the metrics.
 */
export function metricValueOf(run: Run, metric: string): number {
  if (Object.hasOwn(run.metrics, metric)) return run.metrics[metric]!;
  throw new AppError('METRIC_NOT_FOUND', { metric: truncate(metric), known: listNames(Object.keys(run.metrics)) });
}

/** One field of any name; an assignment would trip over `__proto__`. */
function ownField(name: string, value: JsonValue): JsonObject {
  return Object.fromEntries([[name, value]]);
}

const MAX_NAMES = 50;

function listNames(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  return names.slice(0, MAX_NAMES).join(', ') + (more > 0 ? ` and ${more} more` : '') || 'nothing';
}
