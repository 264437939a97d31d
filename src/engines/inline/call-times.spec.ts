import { CallTimes } from './call-times.js';

const timesOf = (calls: readonly (readonly [rows: number, ms: number])[]): CallTimes => {
  const times = new CallTimes();
  for (const [rows, ms] of calls) times.record({ rows, rowBytes: SMALL }, ms);
  return times;
};
const SMALL = 8;
const callMs = (times: CallTimes, rows: number, rowBytes = SMALL) => times.callMs({ rows, rowBytes });
const many = (rows: number, ms: number, count = 16) => Array.from({ length: count }, () => [rows, ms] as const);

describe(CallTimes.name, () => {
  it('says nothing before there are enough calls', () => {
    expect(callMs(timesOf(many(1, 0.01, 15)), 1)).toBe(Infinity);
    expect(callMs(timesOf(many(1, 0.01)), 1)).toBe(0.01);
  });

  it('takes the quickest tenth for what the model needs, because a busy machine only adds to it', () => {
    expect(callMs(timesOf([...many(1, 0.01, 8), ...many(1, 0.04, 56)]), 1)).toBe(0.01);
    expect(callMs(timesOf([...many(1, 0.01, 4), ...many(1, 0.04, 60)]), 1)).toBe(0.04);
  });

  it('bounds what a busy machine may add, but for a tenth of the calls', () => {
    expect(callMs(timesOf([...many(1, 0.01, 58), ...many(1, 9, 6)]), 1)).toBe(0.01);
    expect(callMs(timesOf([...many(1, 0.01, 56), ...many(1, 9, 8)]), 1)).toBe(9 / 5);
  });

  it('forgets calls of long ago', () => {
    expect(callMs(timesOf([...many(1, 9), ...many(1, 0.01, 64)]), 1)).toBe(0.01);
  });

  it('takes a number of rows that was not measured for no quicker than it can be', () => {
    expect(callMs(timesOf(many(1, 0.01)), 8)).toBeCloseTo(0.08);
    expect(callMs(timesOf(many(4, 0.03)), 3)).toBe(0.03);
    // Some of the calls of this class may have had three rows.
    expect(callMs(timesOf(many(4, 0.03)), 9)).toBeCloseTo(0.09);
  });

  it('says nothing of fewer rows than were measured', () => {
    expect(callMs(timesOf(many(8, 0.01)), 1)).toBe(Infinity);
  });

  it('says nothing of larger rows than were measured, and takes smaller ones for no quicker', () => {
    const times = timesOf(many(1, 0.01));
    expect(callMs(times, 1, 200)).toBe(0.01);
    expect(callMs(times, 1, 1_000)).toBe(Infinity);

    for (let i = 0; i < 16; i++) times.record({ rows: 1, rowBytes: 8_000 }, 0.5);
    expect(callMs(times, 1, SMALL)).toBe(0.01);
    expect(callMs(times, 1, 1_000)).toBe(0.5);
    expect(callMs(times, 2, 8_100)).toBe(1);
    expect(callMs(times, 1, 9_000)).toBe(Infinity);
  });

  it('starts anew once it is cleared', () => {
    const times = timesOf(many(1, 0.01));
    times.clear();
    expect(callMs(times, 1)).toBe(Infinity);
  });
});
