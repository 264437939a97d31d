import { fieldOf } from '../../codec/rows.js';
import { headsOf } from '../../domain/decode-spec.js';
import type { HeadOf } from '../../domain/decode-spec.js';
import { isJsonObject } from '../../lib/json/json.js';
import type { JsonObject } from '../../lib/json/json.js';
import type { Run } from '../../domain/run.js';
import { RunError, warning } from '../../domain/verdict.js';
import type { Warning } from '../../domain/verdict.js';

type IntervalHead = HeadOf<'interval'>;

/** Ends that lie closer than this share of them are taken for equal. */
const TOLERANCE = 1e-4;

interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Looks for intervals whose low end lies above the high one. Quantiles of models that were trained one by one cross now
 * and then, which is worth a warning; where most of the answers do so, the ends are swapped.
 *
 * @param outputs  the answers to the run's examples.
 * @throws RunError SELF_TEST_FAILED when half of the answers or more cross.
 */
export function checkIntervals({ decode }: Pick<Run, 'decode'>, outputs: readonly JsonObject[]): Warning[] {
  return headsOf(decode).flatMap((head) => (head.kind === 'interval' ? checkInterval(head, outputs) : []));
}

function checkInterval(head: IntervalHead, outputs: readonly JsonObject[]): Warning[] {
  const intervals = outputs.flatMap((output) => intervalOf(output, head.field) ?? []);
  const crossed = intervals.filter(isCrossed);
  const [first] = crossed;
  if (!first) return [];
  const share = `${crossed.length} of ${intervals.length} examples`;
  const found = `The interval "${head.field}" begins above its end for ${share}: from ${first.low} to ${first.high}`;
  const isReversed = crossed.length * 2 >= intervals.filter(({ low, high }) => low !== high).length;
  if (!isReversed) return [warning('INTERVALS_CROSS', `${found}.`)];
  const isTurned = (head.multiply ?? 1) < 0;
  const [low, high] = [head.low, head.high].map((source) => sourceText(source, head.tensor));
  const why = isTurned
    ? `multiply is negative, which turns low (${low}) and high (${high}) round`
    : `low (${low}) and high (${high}) may be swapped`;
  throw new RunError('SELF_TEST_FAILED', `${found}; ${why}.`, {
    fix: 'Name the lower quantile as "low" and the higher one as "high" in decode.',
  });
}

function intervalOf(output: JsonObject, field: string): Interval | undefined {
  const value = fieldOf(output, field);
  if (!isJsonObject(value)) return undefined;
  const { low, high } = value;
  const areNumbers = [low, high].every((end) => typeof end === 'number' || typeof end === 'bigint');
  return areNumbers ? { low: Number(low), high: Number(high) } : undefined;
}

function isCrossed({ low, high }: Interval): boolean {
  return low - high > TOLERANCE * Math.max(1, Math.abs(high));
}

function sourceText(source: number | string, tensor: string | undefined): string {
  if (typeof source === 'string') return `the output "${source}"`;
  return tensor === undefined ? `column ${source}` : `column ${source} of "${tensor}"`;
}
