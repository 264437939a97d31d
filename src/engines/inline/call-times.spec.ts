import { CallTimes } from './call-times.js';

const timesOf = (calls: readonly (readonly [rows: number, ms: number])[]): CallTimes => {
  const times = new CallTimes();
  for (const [rows, ms] of calls) times.record(rows, ms);
  return times;
};
const many = (rows: number, ms: number, count = 16) => Array.from({ length: count }, () => [rows, ms] as const);

describe(CallTimes.name, () => {
  it('says nothing before there are enough calls', () => {
    expect(timesOf(many(1, 0.01, 15)).callMs(1)).toBe(Infinity);
    expect(timesOf(many(1, 0.01)).callMs(1)).toBe(0.01);
  });

  it('takes the quickest tenth for what the model needs, because a busy machine only adds to it', () => {
    expect(timesOf([...many(1, 0.01, 8), ...many(1, 0.04, 56)]).callMs(1)).toBe(0.01);
    expect(timesOf([...many(1, 0.01, 4), ...many(1, 0.04, 60)]).callMs(1)).toBe(0.04);
  });

  it('bounds what a busy machine may add, but for a tenth of the calls', () => {
    expect(timesOf([...many(1, 0.01, 58), ...many(1, 9, 6)]).callMs(1)).toBe(0.01);
    expect(timesOf([...many(1, 0.01, 56), ...many(1, 9, 8)]).callMs(1)).toBe(9 / 5);
  });

  it('forgets calls of long ago', () => {
    expect(timesOf([...many(1, 9), ...many(1, 0.01, 64)]).callMs(1)).toBe(0.01);
  });

  it('takes a number of rows that was not measured for no quicker than it can be', () => {
    expect(timesOf(many(1, 0.01)).callMs(8)).toBeCloseTo(0.08);
    expect(timesOf(many(4, 0.03)).callMs(3)).toBe(0.03);
    // Some of the calls of this class may have had three rows.
    expect(timesOf(many(4, 0.03)).callMs(9)).toBeCloseTo(0.09);
  });

  it('says nothing of fewer rows than were measured', () => {
    expect(timesOf(many(8, 0.01)).callMs(1)).toBe(Infinity);
  });

  it('starts anew once it is cleared', () => {
    const times = timesOf(many(1, 0.01));
    times.clear();
    expect(times.callMs(1)).toBe(Infinity);
  });
});
