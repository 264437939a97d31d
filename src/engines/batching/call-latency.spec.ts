import { LatencyEstimator } from './call-latency.js';

describe(LatencyEstimator.name, () => {
  const paceAfter = (...calls: number[]): LatencyEstimator => {
    const pace = new LatencyEstimator();
    for (const ms of calls) pace.record(1, ms);
    return pace;
  };
  const details = ({ isLong, isShort, isQuick }: LatencyEstimator): unknown => ({ isLong, isShort, isQuick });

  it('says nothing of a model before its first call', () => {
    expect(details(paceAfter())).toEqual({ isLong: false, isShort: false, isQuick: false });
  });

  it.each([
    { ms: 30, isLong: true, isShort: false, isQuick: false },
    { ms: 3, isLong: false, isShort: true, isQuick: false },
    { ms: 0.1, isLong: false, isShort: true, isQuick: true },
  ])('knows after one call of $ms ms', ({ ms, ...expected }) => {
    expect(details(paceAfter(ms))).toEqual(expected);
  });

  it('is not misled by a few calls that a busy machine drew out', () => {
    expect(paceAfter(0.1, 40, 40, 0.1, 40, 40).isQuick).toBe(true);
  });

  it('believes many long calls in a row', () => {
    expect(paceAfter(0.1, ...new Array<number>(10).fill(40)).isLong).toBe(true);
  });

  it('takes a short call for what it is at once', () => {
    expect(paceAfter(40, 40, 0.1).isQuick).toBe(true);
  });

  it('learns nothing from a call without rows', () => {
    const pace = paceAfter(40);
    pace.record(0, 0.01);
    expect(pace.isLong).toBe(true);
  });
});
