import { compareMetric } from '../../../domain/metric.js';

/** A value of a metric as Python writes it: `0.93`, `1e-05`, `nan`, `inf`, `-inf`. */
function pythonNumber(text: string): number {
  const word = text.toLowerCase();
  if (word === 'inf' || word === '+inf' || word === 'infinity') return Infinity;
  if (word === '-inf' || word === '-infinity') return -Infinity;
  return text.trim() === '' ? NaN : Number(text);
}

/** A line of a metric file. */
interface MetricLine {
  readonly step: number;
  readonly timeMs: number;
  readonly value: number;
}

/**
 * The lines of a metric file of MLflow's file store, `timestamp value step` each, in the order in which MLflow counts
 * them: by step, then time, then value. Lines that cannot be read are left out.
 */
export function readMetricLines(text: string): MetricLine[] {
  const lines: MetricLine[] = [];
  for (const line of text.split('\n')) {
    const [time, value, step = '0'] = line.trim().split(' ');
    if (time === undefined || value === undefined) continue;
    const point = { step: Number(step), timeMs: Number(time), value: pythonNumber(value) };
    if (!Number.isNaN(point.step) && !Number.isNaN(point.timeMs)) lines.push(point);
  }
  return lines.sort(byStep);
}

/** The latest value in a metric file; undefined when no line can be read. */
export function latestMetric(text: string): number | undefined {
  return readMetricLines(text).at(-1)?.value;
}

/** NaN counts as the least value. */
function byStep(a: MetricLine, b: MetricLine): number {
  return a.step - b.step || a.timeMs - b.timeMs || compareMetric(b.value, a.value, 'maximize');
}
