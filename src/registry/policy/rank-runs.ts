import type { SelectionPolicy } from '../../domain/card.js';
import { valueAt } from '../../lib/property-path.js';
import { stringifyJson } from '../../lib/json/json-text.js';
import type { JsonValue } from '../../lib/json/json.js';
import { compareMetric } from '../../domain/metric.js';
import type { Run } from '../../domain/run.js';
import { reason } from '../../domain/verdict.js';
import type { VerdictReason } from '../../domain/verdict.js';
import { metricMissing } from './metric-missing.js';

/**
 * What the policy of a model says against a run: not finished, no metric, a condition or a guardrail broken.
 *
 * @returns no reasons when the run may compete.
 */
export function policyReasons(run: Run, policy: SelectionPolicy): VerdictReason[] {
  return [
    ...statusReasons(run),
    ...metricReasons(run, policy),
    ...whereReasons(run, policy),
    ...guardrailReasons(run, policy),
  ];
}

/**
 * Orders runs, best first: by the policy's metric (NaN after every number, missing after NaN), then the newest
 * `started_at`, then the smallest `run_id`. A total order: the same runs always give the same ranking.
 */
export function compareRuns(a: Run, b: Run, policy: SelectionPolicy): number {
  return (
    Number(!Object.hasOwn(a.metrics, policy.metric)) - Number(!Object.hasOwn(b.metrics, policy.metric)) ||
    compareMetric(metricOf(a, policy), metricOf(b, policy), policy.goal) ||
    Date.parse(b.started_at) - Date.parse(a.started_at) ||
    (a.run_id < b.run_id ? -1 : Number(a.run_id > b.run_id))
  );
}

/** The run's value of the policy's metric; NaN when it has none. */
export function metricOf(run: Run, policy: SelectionPolicy): number {
  return Object.hasOwn(run.metrics, policy.metric) ? run.metrics[policy.metric]! : NaN;
}

/** That training has not ended well, if so. */
export function statusReasons(run: Run): VerdictReason[] {
  return run.status === 'FINISHED' ? [] : [reason('STATUS_NOT_FINISHED', `The run's status is ${run.status}.`)];
}

function metricReasons(run: Run, policy: SelectionPolicy): VerdictReason[] {
  return Object.hasOwn(run.metrics, policy.metric) ? [] : [metricMissing(run, policy.metric)];
}

function whereReasons(run: Run, policy: SelectionPolicy): VerdictReason[] {
  return Object.entries(policy.where ?? {}).flatMap(([path, expected]) => {
    const actual = valueAt(run as unknown as JsonValue, path);
    const allowed = Array.isArray(expected) ? expected : [expected];
    const found = actual === undefined ? 'absent' : stringifyJson(actual);
    if (actual !== undefined && allowed.some((value) => stringifyJson(value) === found)) return [];
    return [
      reason('CONDITION_NOT_MET', `The policy requires ${path} to be ${stringifyJson(expected)}; it is ${found}.`),
    ];
  });
}

function guardrailReasons(run: Run, policy: SelectionPolicy): VerdictReason[] {
  return (policy.guardrails ?? []).flatMap(({ metric, minimum = -Infinity, maximum = Infinity }) => {
    const value = Object.hasOwn(run.metrics, metric) ? run.metrics[metric]! : NaN;
    // Written so that NaN, which compares false with everything, breaks the guardrail.
    if (value >= minimum && value <= maximum) return [];
    const bounds = [minimum > -Infinity && `at least ${minimum}`, maximum < Infinity && `at most ${maximum}`];
    const found = Number.isNaN(value) ? 'not there' : String(value);
    return [
      reason(
        'GUARDRAIL_NOT_MET',
        `The policy requires ${metric} ${bounds.filter(Boolean).join(' and ')}; it is ${found}.`,
      ),
    ];
  });
}
