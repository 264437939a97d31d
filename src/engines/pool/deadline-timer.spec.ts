import { setTimeout as sleep } from 'node:timers/promises';

import { DeadlineTimer } from './deadline-timer.js';
import type { Limited } from './deadline-timer.js';

describe(DeadlineTimer.name, () => {
  const all = [1, 2, 3].map((): Limited => ({ limit: undefined }));
  const limits = new DeadlineTimer(() => all);
  const passed: number[] = [];
  const set = (index: number, ms: number): void => {
    const limit = { at: performance.now() + ms, onPassed: () => void passed.push(index) };
    all[index]!.limit = limit;
    limits.schedule(limit);
  };
  beforeEach(() => {
    passed.length = 0;
    for (const each of all) each.limit = undefined;
  });
  afterAll(() => limits.stop());

  it('tells each that passes its limit, once, in whatever order they were set', async () => {
    set(0, 60);
    set(1, 20);
    set(2, 40);
    await sleep(30);
    expect(passed).toEqual([1]);
    await sleep(80);
    expect(passed).toEqual([1, 2, 0]);
    expect(all.map(({ limit }) => limit)).toEqual([undefined, undefined, undefined]);
  });

  it('lets go who is done in time, and holds it to its next limit', async () => {
    set(0, 20);
    all[0]!.limit = undefined;
    set(0, 60);
    await sleep(40);
    expect(passed).toEqual([]);
    await sleep(60);
    expect(passed).toEqual([0]);
  });

  it('tells nobody when it was stopped', async () => {
    const stopped = new DeadlineTimer(() => all);
    const limit = { at: performance.now() + 10, onPassed: () => void passed.push(0) };
    all[0]!.limit = limit;
    stopped.schedule(limit);
    stopped.stop();
    stopped.schedule(limit);
    await sleep(30);
    expect(passed).toEqual([]);
  });
});
