import { CallDurations } from './call-durations.js';

describe(CallDurations.name, () => {
  let nowMs = 0;
  const durations = () => new CallDurations(() => nowMs);
  beforeEach(() => (nowMs = 0));

  it('knows nothing, and so refuses nothing, before the first call', () => {
    expect(durations().leastMs(10_000, 1_024)).toBe(0);
  });

  it('takes a large call to last at least as long as a small one', () => {
    const known = durations();
    known.record(1, 2);

    expect(known.leastMs(1_024, 1_024)).toBe(2);
    expect(known.leastMs(10_240, 1_024)).toBe(20);
  });

  it('says what calls of that size take as soon as one was measured', () => {
    const known = durations();
    known.record(1, 2);
    known.record(1_024, 500);

    expect(known.leastMs(10_240, 1_024)).toBe(5_000);
    expect(known.leastMs(512, 1_024)).toBe(1);
  });

  it('follows a model that became quicker or slower', () => {
    const known = durations();
    known.record(8, 100);
    for (let i = 0; i < 20; i++) known.record(8, 10);

    expect(known.leastMs(8, 8)).toBeCloseTo(10, 0);
  });

  it('forgets after a minute, so that one slow call refuses nobody for ever', () => {
    const known = durations();
    known.record(8, 60_000);
    nowMs = 60_001;

    expect(known.leastMs(8, 8)).toBe(0);
  });
});
