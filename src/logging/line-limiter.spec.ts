import { LineLimiter } from './line-limiter.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe(LineLimiter.name, () => {
  it('lets the first line of each key pass, then one per interval with the number of those between', () => {
    const limiter = new LineLimiter(1_000);

    const first = [limiter.next('a'), limiter.next('b'), limiter.next('a'), limiter.next('a')];
    jest.advanceTimersByTime(1_000);

    expect(first).toEqual([0, 0, undefined, undefined]);
    expect([limiter.next('a'), limiter.next('b')]).toEqual([2, 0]);
  });

  it('keeps a bounded number of keys: further ones count as one', () => {
    const limiter = new LineLimiter(1_000);
    for (let i = 0; i < 1_000; i++) limiter.next(`key ${i}`);

    expect(['x', 'y', 'z'].map((key) => limiter.next(key))).toEqual([0, undefined, undefined]);
    jest.advanceTimersByTime(1_000);
    expect(limiter.next('another')).toBe(2);
  });

  it('forgets keys whose lines were all told', () => {
    const limiter = new LineLimiter(1_000);
    for (let i = 0; i < 1_000; i++) limiter.next(`key ${i}`);
    jest.advanceTimersByTime(1_000);
    limiter.next('key 0');

    expect([limiter.next('x'), limiter.next('y')]).toEqual([0, 0]);
  });
});
