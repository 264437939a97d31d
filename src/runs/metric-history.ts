import { numberOrNull } from '../domain/numeric.js';
import type { MetricPoint } from '../domain/metric-point.js';
import type { RegisteredRun } from '../registry/state/registered-run.js';
import { metricValueOf } from '../registry/run-report.js';
import type { MetricDto } from './dto/metric.dto.js';

/**
 * A metric of a run with its history, thinned evenly to a number of points.
 *
 * @param maxPoints  2 or more.
 * @throws AppError METRIC_NOT_FOUND; STORE_NOT_READABLE.
 */
export async function describeMetric(
  { run, sourceRun }: RegisteredRun,
  metric: string,
  maxPoints: number,
): Promise<MetricDto> {
  const value = metricValueOf(run, metric);
  const recorded = (await sourceRun.readMetricHistory?.(metric)) ?? [];
  // A store without a history of this metric still has its last value.
  const points = recorded.length > 0 ? recorded : [{ step: 0, timestamp: run.ended_at ?? run.started_at, value }];
  return {
    metric,
    value: numberOrNull(value),
    history: samplePoints(points, maxPoints).map((point) => ({ ...point, value: numberOrNull(point.value) })),
    total: points.length,
  };
}

/** Evenly chosen points, the first and the last among them. */
function samplePoints(points: readonly MetricPoint[], most: number): readonly MetricPoint[] {
  if (points.length <= most) return points;
  const stride = (points.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, i) => points[Math.round(i * stride)]!);
}
