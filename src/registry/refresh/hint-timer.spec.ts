import { HintTimer } from './hint-timer.js';

describe('hints of a change', () => {
  let polls = 0;
  let timer: HintTimer;
  beforeEach(() => {
    jest.useFakeTimers();
    polls = 0;
    timer = new HintTimer(() => (polls += 1));
  });
  afterEach(() => jest.useRealTimers());

  it('make one poll, a moment after the last of them', () => {
    for (let i = 0; i < 3; i++) {
      timer.accept();
      jest.advanceTimersByTime(200);
    }
    expect(polls).toBe(0);

    jest.advanceTimersByTime(100);
    expect(polls).toBe(1);
    jest.advanceTimersByTime(10_000);
    expect(polls).toBe(1);
  });

  it('do not put the poll off for ever when they never end', () => {
    for (let i = 0; i < 60; i++) {
      timer.accept();
      jest.advanceTimersByTime(100);
    }

    expect(polls).toBeGreaterThanOrEqual(2);
  });

  it('make none after the end', () => {
    timer.accept();
    timer.stop();
    jest.advanceTimersByTime(10_000);

    expect(polls).toBe(0);
  });
});
