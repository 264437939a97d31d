/** A value of a metric as Python writes it: `0.93`, `1e-05`, `nan`, `inf`, `-inf`. */
export function pythonNumber(text: string): number {
  const word = text.toLowerCase();
  if (word === 'inf' || word === '+inf' || word === 'infinity') return Infinity;
  if (word === '-inf' || word === '-infinity') return -Infinity;
  return text.trim() === '' ? NaN : Number(text);
}

/**
 * The latest value in a metric file of MLflow's file store: a line `timestamp value step` for each point, the latest by
 * step, then time, then value.
 *
 * @returns undefined when no line can be read.
 */
export function latestMetric(text: string): number | undefined {
  let latest: readonly [step: number, time: number, value: number] | undefined;
  for (const line of text.split('\n')) {
    const [time, value, step = '0'] = line.trim().split(' ');
    if (time === undefined || value === undefined) continue;
    const point = [Number(step), Number(time), pythonNumber(value)] as const;
    if (Number.isNaN(point[0]) || Number.isNaN(point[1])) continue;
    if (!latest || isLater(point, latest)) latest = point;
  }
  return latest?.[2];
}

function isLater(a: readonly [number, number, number], b: readonly [number, number, number]): boolean {
  if (a[0] !== b[0]) return a[0] > b[0];
  if (a[1] !== b[1]) return a[1] > b[1];
  return Number.isNaN(b[2]) || a[2] >= b[2];
}
