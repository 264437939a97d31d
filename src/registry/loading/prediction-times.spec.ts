import { PredictionTiming } from '../../domain/prediction-timing.js';
import { PredictionTimes } from './prediction-times.js';

const MINUTE_MS = 60_000;

/** A prediction that took 1 ms in each of its five parts unless said otherwise. */
function aTiming(fields: Partial<PredictionTiming> = {}): PredictionTiming {
  const ones = { parseMs: 1, validateMs: 1, queueMs: 1, inferMs: 1, serialiseMs: 1, batchRows: 1 };
  return Object.assign(new PredictionTiming(), ones, fields);
}

describe(PredictionTimes.name, () => {
  let nowMs: number;
  let times: PredictionTimes;

  beforeEach(() => {
    nowMs = 1_000;
    times = new PredictionTimes(() => nowMs);
  });

  const record = (count: number, fields?: Partial<PredictionTiming>): void => {
    for (let i = 0; i < count; i++) times.record(aTiming(fields));
  };
  const countAfter = (ms: number): number | undefined => {
    nowMs += ms;
    return times.report()?.count;
  };

  it('has nothing to say before the first prediction', () => {
    expect(times.report()).toBeUndefined();
    expect(countAfter(10 * MINUTE_MS)).toBeUndefined();
  });

  it('tells one prediction as it was, to two digits', () => {
    record(1, { parseMs: 0.05, validateMs: 2, queueMs: 30, inferMs: 400, serializeMs: 5, batchRows: 7 });

    const { count, partsMs, batchRows } = times.report()!;
    const medians = Object.fromEntries(Object.entries(partsMs).map(([part, { p50 }]) => [part, p50]));
    expect(count).toBe(1);
    for (const [part, ms] of Object.entries({ parse: 0.05, validate: 2, queue: 30, infer: 400, serialise: 5 })) {
      expect([part, Math.abs(medians[part]! / ms - 1) < 0.01]).toEqual([part, true]);
    }
    expect(Math.abs(medians['total']! / 437.05 - 1)).toBeLessThan(0.01);
    expect(batchRows).toEqual({ p50: 7, p90: 7, p99: 7 });
  });

  it('gives the median, the 90th and the 99th percentile', () => {
    for (let ms = 1; ms <= 100; ms++) record(1, { inferMs: ms, batchRows: ms });

    const { infer } = times.report()!.partsMs;
    for (const [expected, actual] of [
      [50, infer.p50],
      [90, infer.p90],
      [99, infer.p99],
    ] as const) {
      expect(Math.abs(actual / expected - 1)).toBeLessThan(0.02);
    }
    expect(times.report()!.batchRows).toEqual({ p50: 50, p90: 90, p99: 99 });
  });

  it('counts a part of no time at all as a microsecond', () => {
    record(1, { parseMs: 0, queueMs: 0 });

    expect(times.report()!.partsMs.queue).toEqual({ p50: 0.001, p90: 0.001, p99: 0.001 });
  });

  it('does not change what it says by being asked', () => {
    record(3);
    const first = times.report();

    expect(times.report()).toEqual(first);
  });

  it('remembers the window before while the next one fills', () => {
    record(2);
    nowMs += MINUTE_MS;
    record(3);

    expect(countAfter(0)).toBe(5);
    expect(countAfter(MINUTE_MS - 1)).toBe(5);
    expect(countAfter(1)).toBe(3);
    expect(countAfter(MINUTE_MS)).toBeUndefined();
  });

  it('remembers a prediction for a minute at least', () => {
    nowMs += MINUTE_MS - 1;
    record(1);

    expect(countAfter(MINUTE_MS)).toBe(1);
  });

  it('forgets a prediction after two minutes, however late the next one came', () => {
    record(2);
    nowMs += 2 * MINUTE_MS - 1;
    record(3);

    expect(countAfter(1)).toBe(3);
    expect(countAfter(MINUTE_MS)).toBeUndefined();
  });

  it('forgets everything after a long silence, and begins again', () => {
    record(2);

    expect(countAfter(60 * MINUTE_MS)).toBeUndefined();
    record(4);
    expect(countAfter(0)).toBe(4);
    expect(countAfter(MINUTE_MS)).toBe(4);
  });
});
