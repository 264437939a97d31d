import { DeadlineTimer } from './deadline-timer.js';
import type { Limited } from './deadline-timer.js';

describe(DeadlineTimer.name, () => {
  const all = [1, 2, 3].map((): Limited => ({ limit: undefined }));
  let limits: DeadlineTimer;
  const passed: number[] = [];
  const set = (index: number, ms: number): void => {
    const limit = { at: performance.now() + ms, onPassed: () => void passed.push(index) };
    all[index]!.limit = limit;
    limits.schedule(limit);
  };
  beforeEach(() => {
    jest.useFakeTimers();
    limits = new DeadlineTimer(() => all);
    passed.length = 0;
    for (const each of all) each.limit = undefined;
  });
  afterEach(() => {
    limits.stop();
    jest.useRealTimers();
  });

  it('tells each that passes its limit, once, in whatever order they were set', () => {
    set(0, 60);
    set(1, 20);
    set(2, 40);
    jest.advanceTimersByTime(30);
    expect(passed).toEqual([1]);
    jest.advanceTimersByTime(80);
    expect(passed).toEqual([1, 2, 0]);
    expect(all.map(({ limit }) => limit)).toEqual([undefined, undefined, undefined]);
  });

  it('lets go who is done in time, and holds it to its next limit', () => {
    set(0, 20);
    all[0]!.limit = undefined;
    set(0, 60);
    jest.advanceTimersByTime(40);
    expect(passed).toEqual([]);
    jest.advanceTimersByTime(60);
    expect(passed).toEqual([0]);
  });

  it('tells nobody when it was stopped, and leaves no timer behind', () => {
    const limit = { at: performance.now() + 10, onPassed: () => void passed.push(0) };
    all[0]!.limit = limit;
    limits.schedule(limit);
    limits.stop();
    limits.schedule(limit);
    jest.advanceTimersByTime(30);
    expect([passed, jest.getTimerCount()]).toEqual([[], 0]);
  });
});
